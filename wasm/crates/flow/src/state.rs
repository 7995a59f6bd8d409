//! The flat blob that a shard's state can be put into between rounds, and taken up from by any worker: little-endian fields
//! back to back, every length checked before it is believed. The pool leaves a shard where it is, which is faster; the laws
//! (tests/laws.rs) hand every state over after every round. Owns the encoding; what a field means is its own module's business.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Why a blob was refused. A blob is only ever made by `export` of the same build, so any of these is a fault of
/// the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    /// The bytes do not start with our mark, or were made by another version.
    Version,
    /// The state was made with other settings than this analyzer has.
    Config,
    /// The bytes end inside a field, hold a value that cannot be, or go on after the last field.
    Length,
    /// A buffer of packet rows holds bytes that are no row; `offset` is where.
    Row {
        /// Byte offset of the first bytes that are no row.
        offset: usize,
    },
}

/// What is left to read of a blob.
pub struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Input { bytes }
    }

    /// Has everything been read?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = tail;
        Some(*head)
    }
}

/// A value that can be written to and read back from the blob.
pub trait State: Sized {
    /// Appends the value.
    fn save(&self, out: &mut Vec<u8>);
    /// Reads it back; None when the bytes hold no such value.
    fn load(input: &mut Input) -> Option<Self>;
}

macro_rules! numbers {
    ($($ty:ty),*) => { $(
        impl State for $ty {
            fn save(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn load(input: &mut Input) -> Option<Self> {
                input.take().map(<$ty>::from_le_bytes)
            }
        }
    )* };
}
numbers!(u8, u16, u32, u64, u128, i64);

impl State for bool {
    fn save(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn load(input: &mut Input) -> Option<Self> {
        match u8::load(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: State> State for Option<T> {
    fn save(&self, out: &mut Vec<u8>) {
        self.is_some().save(out);
        if let Some(value) = self {
            value.save(out);
        }
    }
    fn load(input: &mut Input) -> Option<Self> {
        Some(if bool::load(input)? { Some(T::load(input)?) } else { None })
    }
}

impl<T: State> State for Box<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (**self).save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        T::load(input).map(Box::new)
    }
}

impl<T: State> State for Vec<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for value in self {
            value.save(out);
        }
    }
    // Grows as values are really found, so that a false length cannot reserve memory.
    fn load(input: &mut Input) -> Option<Self> {
        let mut values = Vec::new();
        for _ in 0..u32::load(input)? {
            values.push(T::load(input)?);
        }
        Some(values)
    }
}

impl<T: State> State for VecDeque<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u32).save(out);
        for value in self {
            value.save(out);
        }
    }
    fn load(input: &mut Input) -> Option<Self> {
        Vec::load(input).map(VecDeque::from)
    }
}

impl<T: State + Copy + Default, const N: usize> State for [T; N] {
    fn save(&self, out: &mut Vec<u8>) {
        for value in self {
            value.save(out);
        }
    }
    fn load(input: &mut Input) -> Option<Self> {
        let mut values = [T::default(); N];
        for value in &mut values {
            *value = T::load(input)?;
        }
        Some(values)
    }
}

impl<A: State, B: State> State for (A, B) {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
        self.1.save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        Some((A::load(input)?, B::load(input)?))
    }
}

impl<A: State, B: State, C: State, D: State> State for (A, B, C, D) {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
        self.1.save(out);
        self.2.save(out);
        self.3.save(out);
    }
    fn load(input: &mut Input) -> Option<Self> {
        Some((A::load(input)?, B::load(input)?, C::load(input)?, D::load(input)?))
    }
}

/// Field-by-field `State` of a struct. Leaving a field out does not compile.
macro_rules! state {
    ($ty:ident { $($field:ident),* $(,)? }) => {
        impl $crate::state::State for $ty {
            fn save(&self, out: &mut alloc::vec::Vec<u8>) {
                $($crate::state::State::save(&self.$field, out);)*
            }
            fn load(input: &mut $crate::state::Input) -> Option<Self> {
                Some($ty { $($field: $crate::state::State::load(input)?),* })
            }
        }
    };
}
pub(crate) use state;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_length_is_refused_without_reserving_memory() {
        let mut input = Input::new(&[0xff, 0xff, 0xff, 0xff, 1, 2]);
        assert_eq!(Vec::<u8>::load(&mut input), None);
    }

    #[test]
    fn an_option_reads_back() {
        let mut out = Vec::new();
        Some(7u32).save(&mut out);
        None::<u32>.save(&mut out);
        let mut input = Input::new(&out);
        assert_eq!(Option::<u32>::load(&mut input), Some(Some(7)));
        assert_eq!(Option::<u32>::load(&mut input), Some(None));
        assert!(input.is_empty());
    }
}
