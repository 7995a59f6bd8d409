/**
 * Which kind of round trip speaks for a client. A kernel's acknowledgement shows the path; a game's own holds a frame or
 * tick besides (OpenArena: 20 to 60 ms on a path of 10 ms); a handshake comes once. Pooled, a shift of the mix would look like
 * a shift of the network, so a client is measured by one kind alone, the same in all periods.
 */

export const RTT_TIERS = ['network', 'application', 'handshake'] as const;
export type RttTier = (typeof RTT_TIERS)[number];

/** Methods of the rtt table by tier, least host delay first. */
export const METHODS_OF_TIER: Readonly<Record<RttTier, readonly string[]>> = {
  network: ['timestamp', 'ack', 'quic_spin', 'rtcp', 'icmp_echo', 'stun'],
  application: ['app_ack'],
  handshake: ['handshake', 'quic_handshake'],
};

/** Minutes of one client in one period in which a tier has samples enough for a cell. */
export type TierMinutes = Readonly<Record<RttTier, number>>;

/** A tier speaks for a client where it covers this share of the minutes that the best covered tier does. */
const COVERED_SHARE = 0.5;

/** 'none': measured in every period, but never by the same kind, so that its figures cannot be compared. */
export type SpeakingTier = RttTier | 'none';

/** The first tier that covers the client well in every period that measured it at all; null where none did. */
export function sharedTier(periods: readonly TierMinutes[]): SpeakingTier | null {
  const present = periods.filter((minutes) => most(minutes) > 0);
  if (present.length === 0) return null;
  return (
    RTT_TIERS.find((tier) => present.every((minutes) => minutes[tier] >= COVERED_SHARE * most(minutes))) ??
    'none'
  );
}

function most(minutes: TierMinutes): number {
  return Math.max(...RTT_TIERS.map((tier) => minutes[tier]));
}
