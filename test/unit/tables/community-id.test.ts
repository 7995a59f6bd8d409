import { describe, expect, test } from 'vitest';
import { communityId } from '../../../src/tables/community-id.ts';

const v4 = (...octets: number[]): Uint8Array =>
  Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...octets]);

describe('Community ID v1', () => {
  // Values of the published test data of the specification.
  test('TCP, either direction gives the same id', () => {
    const id = communityId(true, 6, v4(128, 232, 110, 120), 34855, v4(66, 35, 250, 204), 80);
    expect(id).toBe('1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
    expect(communityId(true, 6, v4(66, 35, 250, 204), 80, v4(128, 232, 110, 120), 34855)).toBe(id);
  });

  test('UDP', () => {
    expect(communityId(true, 17, v4(192, 168, 1, 52), 54585, v4(8, 8, 8, 8), 53)).toBe(
      '1:d/FP5EW3wiY1vCndhwleRRKHowQ=',
    );
  });

  test('ICMP has none here: its id needs type and code', () => {
    expect(communityId(true, 1, v4(192, 168, 0, 89), null, v4(192, 168, 0, 1), null)).toBeNull();
  });
});
