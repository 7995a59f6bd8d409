//! Two small hashes: one tells payloads apart, one spreads flows over shards. Neither defends against anyone.

use crate::row::{Address, Packet};

/// Payload bytes that `payload_hash` reads. Game, voice and DNS payloads differ within them; TCP segments differ
/// in their sequence numbers anyway. Captures cut by snaplen stay comparable as long as this much was kept.
pub const HASHED_PAYLOAD_BYTES: usize = 64;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a, eight bytes at a step, over the first `HASHED_PAYLOAD_BYTES` captured payload bytes, folded to 32 bits.
/// Two states take turns, because a step waits for the one before. 0 only for an empty payload.
#[inline(always)]
pub fn payload_hash(payload: &[u8]) -> u32 {
    let head = payload.get(..HASHED_PAYLOAD_BYTES).unwrap_or(payload);
    let mut even = FNV_OFFSET ^ head.len() as u64;
    let mut odd = MIX;
    let mut words = head;
    while let Some((pair, rest)) = words.split_first_chunk::<16>() {
        let pair = u128::from_le_bytes(*pair);
        even = (even ^ pair as u64).wrapping_mul(FNV_PRIME);
        odd = (odd ^ (pair >> 64) as u64).wrapping_mul(FNV_PRIME);
        words = rest;
    }
    if let Some(word) = words.first_chunk::<8>() {
        even = (even ^ u64::from_le_bytes(*word)).wrapping_mul(FNV_PRIME);
    }
    let tail_len = head.len() % 8;
    if tail_len != 0 {
        let tail = match head.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * tail_len),
            None => head.iter().rev().fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
        };
        odd = (odd ^ tail).wrapping_mul(FNV_PRIME);
    } else if head.is_empty() {
        return 0;
    }
    let state = even ^ odd.rotate_left(32);
    let folded = ((state ^ (state >> 29)).wrapping_mul(MIX) >> 32) as u32;
    folded.max(1)
}

#[inline(always)]
pub(crate) fn address_hash(address: &Address) -> u64 {
    // IPv4 differs in the last four bytes only; IPv6 hosts in both halves.
    let (halves, _) = address.as_chunks::<8>();
    let mut state = 0u64;
    for half in halves {
        state = (state ^ u64::from_le_bytes(*half)).wrapping_mul(MIX);
        state ^= state >> 32;
    }
    state
}

/// Which of `shards` (a power of two) the packet's flow belongs to: both directions alike, and ports left out, so
/// that fragments without ports, and ICMP, meet the flows of their two hosts.
#[inline]
pub fn shard_of(packet: &Packet, shards: u32) -> u32 {
    let both = address_hash(&packet.src).wrapping_add(address_hash(&packet.dst));
    let mixed = (both ^ u64::from(packet.layer_path)).wrapping_mul(MIX);
    (mixed >> 32) as u32 & shards.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_that_differ_in_one_hashed_bit_hash_differently() {
        let base = [7u8; 64];
        for at in 0..64 {
            for bit in 0..8 {
                let mut other = base;
                if let Some(byte) = other.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                assert_ne!(payload_hash(&base), payload_hash(&other), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn only_an_empty_payload_hashes_to_zero_and_a_prefix_differs_from_the_whole() {
        assert_eq!(payload_hash(&[]), 0);
        assert_ne!(payload_hash(&[0]), 0);
        assert_ne!(payload_hash(&[0]), payload_hash(&[0, 0]));
        assert_ne!(payload_hash(&[0; 8]), payload_hash(&[0; 9]));
    }

    #[test]
    fn both_directions_and_a_fragment_without_ports_share_a_shard() {
        let mut forward = Packet { src: [1; 16], dst: [9; 16], ports: Some((1, 2)), ..Packet::default() };
        let reverse = Packet { src: [9; 16], dst: [1; 16], ports: None, ..Packet::default() };
        for shards in [1, 2, 16, 1024] {
            assert_eq!(shard_of(&forward, shards), shard_of(&reverse, shards));
            assert!(shard_of(&forward, shards) < shards);
        }
        // A thousand hosts of one subnet do not fall into one shard.
        let mut used = [0u32; 8];
        for host in 0..1000u16 {
            let [high, low] = host.to_be_bytes();
            forward.src = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, high, low];
            if let Some(count) = used.get_mut(shard_of(&forward, 8) as usize) {
                *count += 1;
            }
        }
        assert!(used.iter().all(|count| (60..=200).contains(count)), "{used:?}");
    }
}
