import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of bytes into lines of text. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #limitBytes: number;
  #rest: string[] = [];
  #restLength = 0;

  /** Lines longer than the limit are an error. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The lines that are complete with this chunk, without their ends. */
  push(chunk: Uint8Array): string[] {
    const text = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const lines = text.split('\n');
    const last = lines.pop() as string;
    if (lines.length > 0) {
      lines[0] = this.#rest.join('') + lines[0];
      this.#rest = [];
      this.#restLength = 0;
    }
    this.#rest.push(last);
    this.#restLength += last.length;
    if (this.#restLength > this.#limitBytes)
      throw new Error(`a line is longer than ${this.#limitBytes} bytes`);
    return lines;
  }
}
