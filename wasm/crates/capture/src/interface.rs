//! One pcapng interface: its link type, and how its ticks become nanoseconds.

/// What an Interface Description Block says that a reader of packets needs (pcapng draft 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// LINKTYPE number.
    pub link_type: u16,
    /// Longest captured length; 0 = no limit.
    pub snaplen: u32,
    /// `if_tsresol` as stored: exponent of ten, or of two with the top bit set. 6 without the option.
    pub resolution: u8,
    /// `if_tsoffset`, seconds.
    pub offset_seconds: i64,
    scale: Scale,
    /// None when the offset alone leaves the 64-bit nanosecond range: no packet of the interface has a time.
    offset_ns: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Multiply(i64),
    Divide(u64),
    /// Ticks of 2⁻ⁿ s.
    Binary(u32),
}

const NS_PER_SECOND: i64 = 1_000_000_000;

impl Interface {
    /// An interface with its clock prepared.
    pub fn new(link_type: u16, snaplen: u32, resolution: u8, offset_seconds: i64) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        let scale = if resolution & 0x80 != 0 {
            Scale::Binary(exponent)
        } else if exponent <= 9 {
            Scale::Multiply(10i64.saturating_pow(9 - exponent))
        } else {
            // Past 64 bits every tick count is less than a nanosecond.
            10u64.checked_pow(exponent - 9).map_or(Scale::Binary(127), Scale::Divide)
        };
        let offset_ns = offset_seconds.checked_mul(NS_PER_SECOND);
        Interface { link_type, snaplen, resolution, offset_seconds, scale, offset_ns }
    }

    /// ns since the Unix epoch, rounded down; None outside the 64-bit range.
    #[inline]
    pub fn timestamp_ns(&self, ticks: u64) -> Option<i64> {
        let since_offset = match self.scale {
            Scale::Multiply(factor) => i64::try_from(ticks).ok()?.checked_mul(factor)?,
            Scale::Divide(divisor) => i64::try_from(ticks.checked_div(divisor)?).ok()?,
            Scale::Binary(exponent) => {
                // ticks × 10⁹ < 2⁹⁴, so larger exponents leave nothing.
                let ns = u128::from(ticks).wrapping_mul(NS_PER_SECOND as u128).checked_shr(exponent).unwrap_or(0);
                i64::try_from(ns).ok()?
            }
        };
        since_offset.checked_add(self.offset_ns?)
    }
}

#[cfg(test)]
mod tests {
    use super::Interface;

    #[test]
    fn ticks_of_any_resolution_become_nanoseconds() {
        let at = |resolution, ticks| Interface::new(1, 0, resolution, 0).timestamp_ns(ticks);
        assert_eq!(at(6, 1_700_000_000_123_456), Some(1_700_000_000_123_456_000));
        assert_eq!(at(9, 1_700_000_000_123_456_789), Some(1_700_000_000_123_456_789));
        assert_eq!(at(0, 3), Some(3_000_000_000));
        assert_eq!(at(12, 1_999), Some(1));
        assert_eq!(at(127, u64::MAX), Some(0));
        assert_eq!(at(0x80 | 1, 3), Some(1_500_000_000));
        assert_eq!(at(0x80 | 32, 0x1_8000_0000), Some(1_500_000_000));
        assert_eq!(at(0xff, u64::MAX), Some(0));
    }

    #[test]
    fn a_time_outside_64_bit_nanoseconds_is_absent_and_an_offset_is_added() {
        assert_eq!(Interface::new(1, 0, 6, 0).timestamp_ns(u64::MAX), None);
        assert_eq!(Interface::new(1, 0, 0x80, 0).timestamp_ns(u64::MAX), None);
        assert_eq!(Interface::new(1, 0, 6, -100).timestamp_ns(0), Some(-100_000_000_000));
        assert_eq!(Interface::new(1, 0, 6, i64::MAX).timestamp_ns(0), None);
    }
}
