/**
 * Does `count` things in batches of 1, 2, 4, ... each batch at once; the first batch with a failure is the last, so
 * that what is bound to fail (a quota, say) is not tried a thousand times. Answers how many succeeded, and the first
 * failure.
 */
export async function slowStart(
  count: number,
  each: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error?: unknown }> {
  let succeeded = 0;
  for (let size = 1; succeeded < count; size *= 2) {
    const first = succeeded;
    const batch = Array.from({ length: Math.min(size, count - first) }, (_, i) => each(first + i));
    const results = await Promise.allSettled(batch);
    succeeded += results.filter((r) => r.status === 'fulfilled').length;
    const failure = results.find((r) => r.status === 'rejected');
    if (failure) return { succeeded, error: (failure as PromiseRejectedResult).reason };
  }
  return { succeeded };
}
