//! MPLS label stacks (RFC 3032) and the Ethernet pseudowires in them (RFC 4448).

use crate::ip::{self, Span};
use crate::link::{ethernet, not_ip, Found, CUT};
use crate::way::{Layer, Way};

/// Labels to the bottom of the stack. What follows names itself by its first nibble: 4 and 6 are IP, 1 is an
/// associated channel (RFC 4385); an Ethernet frame, with or without a control word, must lead to sound IP to count.
pub(crate) fn mpls<'a>(kind: u16, mut rest: Span<'a>, way: &mut Way) -> Found<'a> {
    loop {
        let (label, inner) = rest.split::<4>().ok_or(CUT)?;
        rest = inner;
        way.pass(Layer::Mpls);
        if label[2] & 1 != 0 {
            break;
        }
    }
    match rest.data.first().map(|first| first >> 4) {
        None => Err(CUT),
        Some(4 | 6) if ip::is_sound(rest) => Ok(rest),
        Some(1) => not_ip(kind),
        Some(nibble) => {
            let with_control_word = rest.after(4).filter(|_| nibble == 0);
            let frame = with_control_word.and_then(|frame| pseudowire(frame, way)).or_else(|| pseudowire(rest, way));
            match frame {
                Some(span) => Ok(span),
                None if nibble == 4 || nibble == 6 => Ok(rest),
                None => not_ip(kind),
            }
        }
    }
}

/// The IP packet of the Ethernet frame at `frame`, if one is there.
fn pseudowire<'a>(frame: Span<'a>, way: &mut Way) -> Option<Span<'a>> {
    let mut inside = *way;
    let span = ethernet(frame, &mut inside).ok().filter(|span| ip::is_sound(*span))?;
    *way = inside;
    Some(span)
}
