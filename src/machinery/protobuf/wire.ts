/** Bytes that are no protobuf message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const maxKeptBytes = 1024 * 1024;

/** Up to this length, a loop is quicker than a call into the runtime. */
const shortText = 64;

/**
 * Writes a message from its end to its beginning, so that the length of what is nested is known when it is due, without
 * a pass that only measures.
 */
export class BackwardWriter {
  private buffer: Buffer;
  private start: number;

  /** Writes into the given memory, or has room for so many bytes of its own, to begin with. */
  constructor(room: number | Buffer = 2048) {
    this.buffer = typeof room === 'number' ? Buffer.allocUnsafe(room) : room;
    this.start = this.buffer.length;
  }

  /** How much is written so far; the difference of two is the length of what was written between. */
  get length(): number {
    return this.buffer.length - this.start;
  }

  /** A copy of what is written. */
  finish(): Uint8Array {
    const bytes = Buffer.allocUnsafe(this.length);
    this.buffer.copy(bytes, 0, this.start);
    return bytes;
  }

  /** A copy of what has been written since its length was `before`. */
  since(before: number): Uint8Array {
    return new Uint8Array(this.buffer.subarray(this.start, this.buffer.length - before));
  }

  /** A copy of what is written as text, a character a byte. */
  finishText(): string {
    return this.buffer.toString('latin1', this.start);
  }

  /** What is written, in the writer's own memory: it must not write again. */
  release(): Uint8Array {
    return this.buffer.subarray(this.start);
  }

  /** Forgets what is written, and keeps the memory for the next message, unless it is a lot. */
  reset(): void {
    if (this.buffer.length > maxKeptBytes) this.buffer = Buffer.allocUnsafe(maxKeptBytes);
    this.start = this.buffer.length;
  }

  /** Makes room for `count` bytes and says where; may exchange the buffer. */
  private reserve(count: number): number {
    if (this.start < count) {
      const used = this.length;
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + count));
      this.buffer.copy(larger, larger.length - used, this.start);
      this.start = larger.length - used;
      this.buffer = larger;
    }
    this.start -= count;
    return this.start;
  }

  private varint(value: number): void {
    if (value < 0x80) {
      const at = this.reserve(1);
      this.buffer[at] = value;
    } else this.longVarint(value);
  }

  /** A whole number that is not negative. Throws for what no 64 bits hold: the digits of infinity have no end. */
  private longVarint(value: number): void {
    if (!(value <= 2 ** 64)) throw new RangeError(`${value} has no place in 64 bits`);
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
    let at = this.reserve(size);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.buffer[at++] = (rest % 128) | 0x80;
    this.buffer[at] = rest;
  }

  /** A negative int32 or int64 takes ten bytes. */
  private negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    let at = this.reserve(10);
    for (let i = 0; i < 9; i++, rest >>= 7n) this.buffer[at++] = Number(rest & 0x7fn) | 0x80;
    this.buffer[at] = Number(rest);
  }

  double(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleLE(value, at);
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** An int32, int64 or boolean as a field. */
  number(field: number, value: number): void {
    if (value >= 0) this.varint(value);
    else this.negative(value);
    this.varint(field * 8 + wireTypes.varint);
  }

  /** What stands before the bytes of a field that have been written: their length, and the tag. */
  head(field: number, length: number): void {
    const tag = field * 8 + wireTypes.bytes;
    if (length < 0x80 && tag < 0x80) {
      const at = this.reserve(2);
      this.buffer[at] = tag;
      this.buffer[at + 1] = length;
      return;
    }
    this.varint(length);
    this.varint(tag);
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** The same for so few bytes that a call into the runtime would take longer. */
  few(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.buffer[at + i] = bytes[i] as number;
  }

  /** Some of the bytes, copied one by one where they are few. */
  part(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const at = this.reserve(count);
    if (count > shortText) this.buffer.set(bytes.subarray(start, end), at);
    else for (let i = 0; i < count; i++) this.buffer[at + i] = bytes[start + i] as number;
  }

  /** Exchanges as many bytes of what is written, from the place `at` on, counted from the beginning. */
  putPart(at: number, bytes: Uint8Array, start: number, count: number): void {
    const to = this.start + at;
    if (count > shortText) this.buffer.set(bytes.subarray(start, start + count), to);
    else for (let i = 0; i < count; i++) this.buffer[to + i] = bytes[start + i] as number;
  }

  /** Exchanges a whole number that is written at such a place; the new one must have as many bytes. */
  putNumber(at: number, value: number): void {
    let to = this.start + at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.buffer[to++] = (rest % 128) | 0x80;
    this.buffer[to] = rest;
  }

  /** Bytes as a field. */
  bytes(field: number, bytes: Uint8Array): void {
    this.raw(bytes);
    this.head(field, bytes.length);
  }

  /** Bytes as a field, given as text with a character a byte. */
  byteText(field: number, text: string): void {
    const at = this.reserve(text.length);
    this.buffer.write(text, at, 'latin1');
    this.head(field, text.length);
  }

  /** Text as a field, in UTF-8. */
  text(field: number, text: string): void {
    if (text.length <= shortText && this.ascii(text)) return this.head(field, text.length);
    const size = Buffer.byteLength(text, 'utf8');
    const at = this.reserve(size);
    this.buffer.write(text, at, 'utf8');
    this.head(field, size);
  }

  /** Writes text that is nothing but ASCII, without a call for it; gives false, having written nothing, for other text. */
  private ascii(text: string): boolean {
    const at = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.start += text.length;
        return false;
      }
      this.buffer[at + i] = code;
    }
    return true;
  }
}

/** Reads the fields of a message. Every method throws ProtobufError where the bytes end too early. */
export class Reader {
  private readonly buffer: Buffer;
  private at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = this.buffer.length;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  private take(count: number): number {
    const at = this.at;
    if (count > this.end - at) throw new ProtobufError('unexpected EOF');
    this.at = at + count;
    return at;
  }

  /** The two halves of a 64-bit number. */
  private halves(): [number, number] {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.buffer[this.take(1)] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) return [low, high];
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** A length, or a tag. */
  unsigned(): number {
    const [low, high] = this.halves();
    return (high >>> 0) * 2 ** 32 + (low >>> 0);
  }

  int32(): number {
    return this.halves()[0];
  }

  int64(): number {
    const [low, high] = this.halves();
    if (high >= -(2 ** 21) && high < 2 ** 21) return high * 2 ** 32 + (low >>> 0);
    return Number((BigInt(high) << 32n) | BigInt(low >>> 0));
  }

  double(): number {
    return this.buffer.readDoubleLE(this.take(8));
  }

  bytes(): Buffer {
    const size = this.unsigned();
    const at = this.take(size);
    return this.buffer.subarray(at, at + size);
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  tag(): { number: number; wireType: number } {
    const tag = this.unsigned();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ProtobufError('proto: illegal tag 0');
    return { number, wireType: tag % 8 };
  }

  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.halves();
        return;
      case wireTypes.fixed64:
        this.take(8);
        return;
      case wireTypes.bytes:
        this.bytes();
        return;
      case wireTypes.fixed32:
        this.take(4);
        return;
      default:
        throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    }
  }
}
