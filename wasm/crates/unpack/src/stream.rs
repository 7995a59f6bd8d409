//! The driver: input in any pieces, frames one after the other, output in pieces of bounded size.

use crate::lz4::Lz4Frame;
use crate::zstd::ZstdFrame;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A window beyond this is refused: zstd's own tool asks for `--long=31` there, and a hostile header costs nothing.
pub const MAX_WINDOW_BYTES: u64 = 128 << 20;
/// Output handed over at once: reached, decoding pauses until the host has taken it.
const OUTPUT_BYTES: usize = 1 << 20;

/// Which frames the stream starts with; both kinds know the same skippable frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 8878.
    Zstd,
    /// The lz4 frame format, version 1.
    Lz4,
}

/// Why a stream cannot be unpacked further; what came out before is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    /// It ends inside a frame.
    Truncated = 1,
    /// Bytes after a frame that begin no other one.
    Trailing = 2,
    /// A checksum or a stated length does not fit what came out.
    Checksum = 3,
    /// Bytes that no compressor writes.
    Corrupt = 4,
    /// The frame wants a window larger than `MAX_WINDOW_BYTES`.
    WindowTooLarge = 5,
    /// The frame needs a dictionary that is not in it.
    Dictionary = 6,
}

/// What the unpacker waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// More input.
    Input,
    /// The host should take the output and call again.
    Room,
}

/// What one step of a frame did.
pub(crate) enum Step {
    /// Used so many bytes of input.
    Used(usize),
    /// Used so many and the frame is over.
    End(usize),
    /// The next unit is not whole yet.
    More,
}

enum Frame {
    Zstd(Box<ZstdFrame>),
    Lz4(Lz4Frame),
}

enum Phase {
    Between,
    Inside(Frame),
    Skipping(u64),
}

/// Unpacks one stream.
pub struct Unpacker {
    format: Format,
    phase: Phase,
    input: Vec<u8>,
    start: usize,
    /// Input bytes used before `input[start]`.
    position: u64,
    /// History of the frame, then what has not been handed over.
    out: Vec<u8>,
    handed: usize,
    frames: u64,
}

const ZSTD_MAGIC: u32 = 0xfd2f_b528;
const LZ4_MAGIC: u32 = 0x184d_2204;

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|chunk| u32::from_le_bytes(*chunk))
}

impl Unpacker {
    /// An unpacker at the start of a stream.
    pub fn new(format: Format) -> Self {
        Unpacker {
            format,
            phase: Phase::Between,
            input: Vec::new(),
            start: 0,
            position: 0,
            out: Vec::new(),
            handed: 0,
            frames: 0,
        }
    }

    /// Compressed bytes used so far: where a fault is.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes in more compressed bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.input.drain(..self.start);
            self.start = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// What came out since the last `run`.
    pub fn output(&self) -> &[u8] {
        self.out.get(self.handed..).unwrap_or_default()
    }

    /// Decodes until input is missing or enough came out; the output before it counts as taken.
    pub fn run(&mut self) -> Result<Need, Fault> {
        self.handed = self.out.len();
        self.trim();
        loop {
            if self.out.len().saturating_sub(self.handed) >= OUTPUT_BYTES {
                return Ok(Need::Room);
            }
            let rest = self.input.get(self.start..).unwrap_or_default();
            let step = match &mut self.phase {
                Phase::Between => match self.begin()? {
                    true => continue,
                    false => return Ok(Need::Input),
                },
                Phase::Skipping(0) => {
                    self.phase = Phase::Between;
                    continue;
                }
                Phase::Skipping(left) => {
                    let skipped = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    if skipped == 0 {
                        return Ok(Need::Input);
                    }
                    *left -= skipped as u64;
                    Step::Used(skipped)
                }
                Phase::Inside(Frame::Zstd(frame)) => frame.step(rest, &mut self.out)?,
                Phase::Inside(Frame::Lz4(frame)) => frame.step(rest, &mut self.out)?,
            };
            match step {
                Step::Used(len) => self.advance(len),
                Step::End(len) => {
                    self.advance(len);
                    self.frames += 1;
                    self.phase = Phase::Between;
                }
                Step::More => return Ok(Need::Input),
            }
        }
    }

    /// The stream ends here.
    pub fn finish(&mut self) -> Result<(), Fault> {
        let left = self.input.len() - self.start;
        match self.phase {
            Phase::Between if left == 0 && self.frames > 0 => Ok(()),
            Phase::Between if left > 0 && self.frames > 0 => Err(Fault::Trailing),
            Phase::Skipping(0) => Ok(()),
            _ => Err(Fault::Truncated),
        }
    }

    fn advance(&mut self, len: usize) {
        self.start += len;
        self.position += len as u64;
    }

    /// Keeps the window of the frame at hand (none between frames) and drops what no match can reach.
    fn trim(&mut self) {
        let window = match &self.phase {
            Phase::Inside(Frame::Zstd(frame)) => frame.window_bytes(),
            Phase::Inside(Frame::Lz4(_)) => 64 << 10,
            _ => 0,
        };
        // Moving the window costs its length: done only once as much again has come out.
        if self.out.len() > window.saturating_mul(2).max(window + OUTPUT_BYTES) || window == 0 {
            self.out.drain(..self.out.len().saturating_sub(window));
            self.handed = self.out.len();
        }
    }

    /// Reads a magic. False: not enough bytes.
    fn begin(&mut self) -> Result<bool, Fault> {
        let rest = self.input.get(self.start..).unwrap_or_default();
        let Some(magic) = u32_at(rest, 0) else { return Ok(false) };
        let is_zstd = match magic {
            0x184d_2a50..=0x184d_2a5f => {
                let Some(len) = u32_at(rest, 4) else { return Ok(false) };
                self.advance(8);
                self.phase = Phase::Skipping(u64::from(len));
                self.frames += 1;
                return Ok(true);
            }
            ZSTD_MAGIC => true,
            LZ4_MAGIC => false,
            _ if self.frames > 0 => return Err(Fault::Trailing),
            _ => return Err(Fault::Corrupt),
        };
        if is_zstd != (self.format == Format::Zstd) {
            return Err(Fault::Trailing);
        }
        let frame = if is_zstd {
            ZstdFrame::begin(rest.get(4..).unwrap_or_default())?.map(|(frame, len)| (Frame::Zstd(Box::new(frame)), len))
        } else {
            Lz4Frame::begin(rest.get(4..).unwrap_or_default())?.map(|(frame, len)| (Frame::Lz4(frame), len))
        };
        let Some((frame, len)) = frame else { return Ok(false) };
        self.advance(4 + len);
        self.phase = Phase::Inside(frame);
        Ok(true)
    }
}

/// Repeats `len` bytes from `distance` back; the copy may run into itself. False: there are not so many bytes.
pub(crate) fn copy_match(out: &mut Vec<u8>, distance: usize, len: usize) -> bool {
    let Some(from) = out.len().checked_sub(distance) else { return false };
    if distance == 0 {
        return false;
    }
    let mut left = len;
    while left > 0 {
        let piece = left.min(out.len() - from);
        out.extend_from_within(from..from + piece);
        left -= piece;
    }
    true
}
