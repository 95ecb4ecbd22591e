import { goQuote } from './go-text.ts';

/** What is wrong with an address or a prefix, in the words of Go's `netip`. */
class AddressFault extends Error {
  override readonly name = 'AddressFault';

  constructor(text: string, why: string, at?: string) {
    const where = at === undefined || at === '' ? '' : ` (at ${goQuote(at)})`;
    super(`ParseAddr(${goQuote(text)}): ${why}${where}`);
  }
}

function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AddressFault) return error.message;
    throw error;
  }
}

/** Why Go's `netip.ParseAddr` does not take a text for an address; undefined where it does, with a zone too. */
export const addressFault = (text: string): string | undefined => faultOf(() => checkAddress(text));

/** The same of `netip.ParsePrefix`, which takes no zones. */
export function prefixFault(text: string): string | undefined {
  const fault = (why: string) => `netip.ParsePrefix(${goQuote(text)}): ${why}`;
  const slash = text.lastIndexOf('/');
  if (slash < 0) return fault("no '/'");
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  const wrong = addressFault(address);
  if (wrong) return fault(wrong);
  if (address.includes('%')) return fault('IPv6 zones cannot be present in a prefix');
  if (!/^(?:\d|[1-9]\d*)$/.test(bits)) return fault(`bad bits after slash: ${goQuote(bits)}`);
  const most = address.includes(':') ? 128 : 32;
  return Number(bits) > most ? fault('prefix length out of range') : undefined;
}

function checkAddress(text: string): void {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === '.') checkFields(text, text);
  else if (first === ':') checkSix(text);
  else throw new AddressFault(text, first ? 'missing IPv6 address' : 'unable to parse IP');
}

/** The four numbers of an IPv4 address, which are the whole of a text or its end. */
function checkFields(text: string, part: string): void {
  let field = '';
  let dots = 0;
  for (let i = 0; i < part.length; i++) {
    const char = part.charAt(i);
    const rest = part.slice(i);
    if (/\d/.test(char)) {
      if (field === '0') throw new AddressFault(text, 'IPv4 field has octet with leading zero');
      field += char;
      if (Number(field) > 255) throw new AddressFault(text, 'IPv4 field has value >255');
    } else if (char !== '.') {
      throw new AddressFault(text, 'unexpected character', rest);
    } else {
      if (field === '' || rest === '.')
        throw new AddressFault(text, 'IPv4 field must have at least one digit', rest);
      if (++dots > 3) throw new AddressFault(text, 'IPv4 address too long');
      field = '';
    }
  }
  if (dots < 3) throw new AddressFault(text, 'IPv4 address too short');
}

const groupsOfSix = 8;

function checkSix(text: string): void {
  const [address = '', ...zone] = text.split('%');
  if (zone.length > 0 && zone.join('%') === '')
    throw new AddressFault(text, 'zone must be a non-empty string');
  const begins = address.startsWith('::');
  if (address === '::') return;
  new GroupReader(text, begins ? address.slice(2) : address, begins).read();
}

/** The groups of an IPv6 address, one after the other. */
class GroupReader {
  readonly #text: string;
  #left: string;
  #groups = 0;
  #hasGap: boolean;

  constructor(text: string, left: string, hasGap: boolean) {
    this.#text = text;
    this.#left = left;
    this.#hasGap = hasGap;
  }

  #fail(why: string, at?: string): never {
    throw new AddressFault(this.#text, why, at);
  }

  read(): void {
    while (this.#groups < groupsOfSix && this.#group());
    if (this.#left !== '') this.#fail('trailing garbage after address', this.#left);
    if (this.#groups < groupsOfSix && !this.#hasGap) this.#fail('address string too short');
    if (this.#groups === groupsOfSix && this.#hasGap)
      this.#fail('the :: must expand to at least one field of zeros');
  }

  /** Says whether another group may come. */
  #group(): boolean {
    const digits = /^[0-9a-fA-F]*/.exec(this.#left)?.[0] ?? '';
    if (digits.length > 4) this.#fail('each group must have 4 or less digits', this.#left);
    if (digits === '') this.#fail('each colon-separated field must have at least one digit', this.#left);
    if (this.#left.charAt(digits.length) === '.') {
      this.#embedded();
      return false;
    }
    this.#groups++;
    this.#left = this.#left.slice(digits.length);
    return this.#left !== '' && this.#colon();
  }

  #embedded(): void {
    if (!this.#hasGap && this.#groups !== groupsOfSix - 2)
      this.#fail('embedded IPv4 address must replace the final 2 fields of the address', this.#left);
    if (this.#groups > groupsOfSix - 2)
      this.#fail('too many hex fields to fit an embedded IPv4 at the end of the address', this.#left);
    checkFields(this.#text, this.#left);
    this.#groups += 2;
    this.#left = '';
  }

  #colon(): boolean {
    if (!this.#left.startsWith(':')) this.#fail('unexpected character, want colon', this.#left);
    if (this.#left === ':') this.#fail('colon must be followed by more characters', this.#left);
    this.#left = this.#left.slice(1);
    if (!this.#left.startsWith(':')) return true;
    if (this.#hasGap) this.#fail('multiple :: in address', this.#left);
    this.#hasGap = true;
    this.#left = this.#left.slice(1);
    return this.#left !== '';
  }
}
