/**
 * Lower convex hull of points in order of x (Andrew 1979), and the slope of the line below all points with the smallest
 * sum of distances: the hull's edge over the mean of x (Moon, Skelly and Towsley 1999; Zhang, Liu and Xia 2002).
 */

/** Indices of the hull's corners; x must ascend. */
export function lowerHull(x: ArrayLike<number>, y: ArrayLike<number>, count: number): number[] {
  const corners: number[] = [];
  for (let at = 0; at < count; at++) {
    while (corners.length >= 2) {
      const b = corners[corners.length - 1]!;
      const a = corners[corners.length - 2]!;
      const turn = (x[b]! - x[a]!) * (y[at]! - y[a]!) - (y[b]! - y[a]!) * (x[at]! - x[a]!);
      if (turn > 0) break;
      corners.pop();
    }
    corners.push(at);
  }
  return corners;
}

const MIN_GROUP = 8;

/** Points of one group: of all groups the slope is common, the level their own. x must ascend. */
export interface Group {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Mean distance of the points above the hull they have themselves. */
function spreadOf(x: ArrayLike<number>, y: ArrayLike<number>, corners: readonly number[]): number {
  let total = 0;
  for (let index = 1; index < corners.length; index++) {
    const [a, b] = [corners[index - 1]!, corners[index]!];
    const slope = x[b] === x[a] ? 0 : (y[b]! - y[a]!) / (x[b]! - x[a]!);
    for (let at = a; at < b; at++) total += y[at]! - (y[a]! + slope * (x[at]! - x[a]!));
  }
  return total / x.length;
}

/**
 * Slope of the lines below all points, one line a group, with the smallest sum of distances; null where no group has
 * points enough. Distances of a group count in units of their mean above its own hull, so that one that queues a lot cannot
 * outvote one that never does. The sum is convex in the slope, so a search by thirds finds its minimum.
 *
 * @param reach the slope is looked for in ± this.
 * @param grain distances below this say nothing; a group of fewer than eight points does not either, and is left out.
 */
export function commonLowerSlope(groups: readonly Group[], reach: number, grain: number): number | null {
  const parts = groups.flatMap(({ x, y }) => {
    const count = x.length;
    if (count < MIN_GROUP || x[count - 1]! <= x[0]!) return [];
    const corners = lowerHull(x, y, count);
    const origin = x[0]!;
    let sumX = 0;
    for (let at = 0; at < count; at++) sumX += x[at]! - origin;
    const cornerX = corners.map((at) => x[at]! - origin);
    const cornerY = corners.map((at) => y[at]!);
    return [{ weight: 1 / Math.max(grain, spreadOf(x, y, corners)), count, sumX, cornerX, cornerY }];
  });
  if (parts.length === 0) return null;
  // Without the sum of y, which no slope changes.
  const cost = (slope: number): number => {
    let total = 0;
    for (const { weight, count, sumX, cornerX, cornerY } of parts) {
      let floor = Infinity;
      for (let at = 0; at < cornerX.length; at++)
        floor = Math.min(floor, cornerY[at]! - slope * cornerX[at]!);
      total -= weight * (slope * sumX + count * floor);
    }
    return total;
  };
  let [low, high] = [-reach, reach];
  for (let round = 0; round < 100 && high - low > reach * 1e-9; round++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (cost(a) <= cost(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}
