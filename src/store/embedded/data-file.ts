/** Two pages at the start of an LMDB file say where the rest is; the one of the newer transaction counts. */
const magic = 0xbeefc0de;
const metaAt = 24;
/** Offsets within a meta page's body. */
const pageSizeAt = 24;
const lastPageAt = 120;
const transactionAt = 128;
const smallestPage = 256;
const largestPage = 65_536;

/** As much of the file's start as `expectedSize` wants to see. */
export const dataFileHeadBytes = largestPage + metaAt + 256;

/**
 * The size that an LMDB file has to have, by what its first bytes say; undefined where they are not those of an
 * LMDB file. LMDB maps the file and believes it: a page beyond the end would end the process.
 */
export function expectedSize(head: Buffer): number | undefined {
  const first = readMeta(head, 0);
  if (!first || first.pageSize < smallestPage || first.pageSize > largestPage) return undefined;
  const second = readMeta(head, first.pageSize);
  if (!second) return undefined;
  const newest = second.transaction > first.transaction ? second : first;
  return (newest.lastPage + 1) * first.pageSize;
}

function readMeta(head: Buffer, page: number) {
  const at = page + metaAt;
  if (head.length < at + transactionAt + 8 || head.readUInt32LE(at) !== magic) return undefined;
  return {
    pageSize: head.readUInt32LE(at + pageSizeAt),
    lastPage: Number(head.readBigUInt64LE(at + lastPageAt)),
    transaction: head.readBigUInt64LE(at + transactionAt),
  };
}
