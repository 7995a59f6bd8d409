//! What a host says of the path in clear, and what it comes to.

use super::facts::Report;
use super::sequence::add;
use crate::histogram::Samples;
use crate::state::state;

/// What one side has said of the path.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    /// Round trips.
    pub rtt: Samples,
    /// Percent lost, summed over `losses` reports.
    lost_percents: u32,
    losses: u32,
    /// Largest peak jitter.
    pub jitter_ns: Option<i64>,
    /// Frame times.
    pub frame_time: Samples,
}

state!(Reports { rtt, lost_percents, losses, jitter_ns, frame_time });

impl Reports {
    pub(super) fn add(&mut self, report: &Report) {
        if let Some(rtt_ns) = report.rtt_ns {
            self.rtt.add(rtt_ns);
        }
        if let Some(percent) = report.lost_percent {
            self.lost_percents = self.lost_percents.saturating_add(percent);
            add(&mut self.losses);
        }
        self.jitter_ns = self.jitter_ns.max(report.jitter_ns);
        if let Some(frame_time_ns) = report.frame_time_ns {
            self.frame_time.add(frame_time_ns);
        }
    }

    /// Mean share lost.
    pub fn loss_ratio(&self) -> Option<f64> {
        (self.losses > 0).then(|| f64::from(self.lost_percents) / (100.0 * f64::from(self.losses)))
    }
}
