/**
 * Access type from the MSS option a client's SYN carried when it reached the capture point. An inference per
 * client, with its confidence, never a fact: clamps only lower an MSS, so a low value says that something on the
 * way chose it, and 1460 says nothing about the path. Arithmetic: MSS = MTU − 40 (IPv4), MTU − 60 (IPv6).
 */

export type Confidence = 'high' | 'medium' | 'low' | 'none';

export interface Access {
  readonly access: string;
  readonly confidence: Confidence;
  readonly reason: string;
}

interface AccessRule extends Access {
  readonly family: 4 | 6;
  readonly from: number;
  readonly to: number;
}

/** First match wins. Values for clients in Japan. */
const ACCESS_RULES: readonly AccessRule[] = [
  {
    family: 4,
    from: 1414,
    to: 1414,
    access: 'flets-pppoe',
    confidence: 'high',
    reason: "MSS 1414 is MTU 1454, the size the L2TP leg of FLET'S PPPoE forces; other DSL lines use it too",
  },
  {
    family: 4,
    from: 1420,
    to: 1420,
    access: 'ipv4-over-ipv6',
    confidence: 'medium',
    reason:
      'MSS 1420 is MTU 1460: 1500 less one IPv6 header, as in MAP-E and DS-Lite; tunnels and cloud hosts share it',
  },
  {
    family: 4,
    from: 1440,
    to: 1440,
    access: 'ipv4-translated-or-tunnelled',
    confidence: 'medium',
    reason: 'MSS 1440 over IPv4 is MTU 1480: 464XLAT or MAP-T (20 bytes more), or IPIP and 6in4',
  },
  {
    family: 6,
    from: 1440,
    to: 1440,
    access: 'native-ipv6',
    confidence: 'high',
    reason: "MSS 1440 over IPv6 is MTU 1500: native IPv6; by itself it does not say FLET'S IPoE",
  },
  {
    family: 6,
    from: 1394,
    to: 1394,
    access: 'ipv6-pppoe',
    confidence: 'medium',
    reason: 'MSS 1394 over IPv6 is MTU 1454: IPv6 over PPPoE',
  },
  {
    family: 4,
    from: 1452,
    to: 1452,
    access: 'pppoe-1492',
    confidence: 'low',
    reason: "MSS 1452 is MTU 1492: canonical PPPoE, not FLET'S; sources disagree about which lines use it",
  },
  {
    family: 4,
    from: 1460,
    to: 1460,
    access: 'not-clamped',
    confidence: 'low',
    reason:
      'MSS 1460 is MTU 1500: cable, dedicated fibre, office, or an IPoE router that does not clamp; only "not clamped for PPPoE"',
  },
  {
    family: 4,
    from: 1398,
    to: 1398,
    access: 'mtu-1438-or-clamped-1454',
    confidence: 'low',
    reason:
      'MSS 1398 is either MTU 1438 (Hikari Premium) or MTU 1454 clamped 16 bytes deeper by some routers',
  },
  {
    family: 4,
    from: 1360,
    to: 1380,
    access: 'preset-or-vpn',
    confidence: 'low',
    reason: 'MSS 1360 to 1380 is MTU 1400 to 1420: a console preset, WireGuard or another VPN',
  },
  {
    family: 6,
    from: 1220,
    to: 1240,
    access: 'ipv6-minimum-mtu',
    confidence: 'low',
    reason: 'MSS 1220 to 1240 over IPv6 is about MTU 1280: a tunnel or translator at the IPv6 minimum',
  },
];

const UNLISTED: Access = {
  access: 'unknown',
  confidence: 'none',
  reason: 'the MSS matches no known access type',
};
const NO_SYN: Access = {
  access: 'unknown',
  confidence: 'none',
  reason: 'no SYN of this client with an MSS option was captured',
};

/** `mssOptionBytes` null: no SYN seen. `preClamp`: captured beside the client, before routers lower the MSS. */
export function inferAccess(family: 4 | 6, mssOptionBytes: number | null, preClamp: boolean): Access {
  if (mssOptionBytes === null) return NO_SYN;
  const rule = ACCESS_RULES.find(
    (r) => r.family === family && mssOptionBytes >= r.from && mssOptionBytes <= r.to,
  );
  if (rule === undefined) return UNLISTED;
  const { access, confidence, reason } = rule;
  if (!preClamp) return { access, confidence, reason };
  return {
    access,
    confidence: 'low',
    reason: `${reason}; captured beside the client, before any router on the way lowers the MSS`,
  };
}
