/** The messages of grpc.health.v1, by hand: one string field out, one enum back. */
const tagService = 0x0a;
const tagStatus = 0x08;
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** A HealthCheckRequest. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return Buffer.alloc(0);
  const length: number[] = [];
  for (let left = name.length; ; left >>>= 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) break;
  }
  return Buffer.concat([Buffer.of(tagService, ...length), name]);
}

/** The status of a HealthCheckResponse. */
export function decodeHealthStatus(message: Buffer): string {
  const value = message[0] === tagStatus ? (message[1] ?? 0) : 0;
  return statuses[value] ?? String(value);
}
