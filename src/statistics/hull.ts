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

/** Slope of that line; null below two different x. */
export function lowerSlope(x: ArrayLike<number>, y: ArrayLike<number>, count: number): number | null {
  if (count < 2) return null;
  let sum = 0;
  for (let at = 0; at < count; at++) sum += x[at]! - x[0]!;
  const mean = x[0]! + sum / count;
  const corners = lowerHull(x, y, count);
  for (let index = 1; index < corners.length; index++) {
    const [a, b] = [corners[index - 1]!, corners[index]!];
    if (x[b]! < mean || x[b] === x[a]) continue;
    return (y[b]! - y[a]!) / (x[b]! - x[a]!);
  }
  return null;
}
