/** Resolves once all are over; rejects then with what the first in the list has failed with, where any has. None keeps the others from their end. */
export async function allOver(works: Iterable<PromiseLike<unknown>>): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
