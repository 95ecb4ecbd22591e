import { clone, setOwn } from './clone.ts';
import { maxDepth, withinDepth } from './depth.ts';
import { deepEqual } from './equal.ts';
import { parseJson, printJson } from './exact-json.ts';
import { jsonTypeName } from './go-text.ts';
import { badRequest, StatusError, tooLarge } from './status-error.ts';

/*
 * JSON patch (RFC 6902) as `evanphx/json-patch` v4 applies it, negative indices included. Tokens are only ever looked
 * up among an object's own keys, so no path reaches a prototype.
 */

type Json = Record<string, unknown>;
type Container = Json | unknown[];

const maxOperations = 10_000;
/** What all copies of one patch may add up to. */
const maxCopyBytes = 3 * 1024 * 1024;

interface Operation {
  op: string;
  path: string;
  from?: string;
  /** Undefined if the operation has no value. */
  value?: unknown;
}

/** A patch that is well formed but does not fit the object. What is wrong is told in the words of upstream's library. */
export class MisfitError extends Error {}

/** The object is not what the patch says that it has to be. */
export class FailedTestError extends MisfitError {}

/** The answer to a patch that cannot be applied to this object: a client hears no more. */
export function patchDoesNotApply(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError(422, 'Invalid', message, {});
}

const missing = (what: string) => new MisfitError(`${what}: missing value`);
const invalidIndex = (index: string | number) =>
  new MisfitError(`Unable to access invalid index: ${index}: invalid index referenced`);

/** Does something; where that does not fit, says where that was. */
function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MisfitError)) throw error;
    throw new MisfitError(`${where}: ${error.message}`);
  }
}

/** As upstream, what stands before the first slash does not count. */
function parsePointer(path: unknown): string[] | undefined {
  if (typeof path !== 'string' || !path.includes('/')) return undefined;
  const [, ...tokens] = path.split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parseIndex(token: string, length: number): number {
  if (!/^[-+]?[0-9]{1,9}$/.test(token)) {
    throw new MisfitError(`strconv.Atoi: parsing ${JSON.stringify(token)}: invalid syntax`);
  }
  const index = Number(token);
  return index < 0 ? index + length : index;
}

const isContainer = (v: unknown): v is Container => typeof v === 'object' && v !== null;

function get(container: Container, token: string): unknown {
  if (!Array.isArray(container)) return Object.hasOwn(container, token) ? container[token] : undefined;
  return container[parseIndex(token, container.length)];
}

function has(container: Container, token: string): boolean {
  if (!Array.isArray(container)) return Object.hasOwn(container, token);
  const index = parseIndex(token, container.length);
  return index >= 0 && index < container.length;
}

function add(container: Container, token: string, value: unknown): void {
  if (!Array.isArray(container)) return setOwn(container, token, value);
  const index = token === '-' ? container.length : insertionIndex(token, container.length + 1);
  if (index < 0 || index > container.length) throw invalidIndex(token);
  container.splice(index, 0, value);
}

const insertionIndex = (token: string, length: number) =>
  within(`value was not a proper array index: '${token}'`, () => parseIndex(token, length));

function remove(container: Container, token: string): void {
  if (!has(container, token)) {
    throw Array.isArray(container)
      ? invalidIndex(token)
      : missing(`Unable to remove nonexistent key: ${token}`);
  }
  if (Array.isArray(container)) container.splice(parseIndex(token, container.length), 1);
  else delete container[token];
}

function replace(container: Container, token: string, value: unknown): void {
  if (!Array.isArray(container)) return setOwn(container, token, value);
  if (!has(container, token)) throw invalidIndex(token);
  container[parseIndex(token, container.length)] = value;
}

interface Place {
  container: Container;
  token: string;
}

/** `absent` is what is missing where there is no such place. */
function find(root: Container, pointer: unknown, absent: string): Place {
  const tokens = parsePointer(pointer);
  if (!tokens) throw missing(absent);
  const token = tokens.pop() as string;
  let container: unknown = root;
  for (const step of tokens) {
    container = isContainer(container) ? stepInto(container, step) : undefined;
  }
  if (!isContainer(container)) throw missing(absent);
  return { container, token };
}

/** Nothing where the step is none of this container. */
function stepInto(container: Container, step: string): unknown {
  if (Array.isArray(container) && !/^[-+]?[0-9]{1,9}$/.test(step)) return undefined;
  return get(container, step);
}

/** Null for a key that an object does not have. */
function valueAt({ container, token }: Place): unknown {
  if (Array.isArray(container) && !has(container, token)) throw invalidIndex(token);
  return get(container, token) ?? null;
}

class Patcher {
  private copied = 0;
  root: Container;

  constructor(root: Container) {
    this.root = root;
  }

  apply(operation: Operation): void {
    const { op, path, value } = operation;
    switch (op) {
      case 'add': {
        const place = find(this.root, path, `add operation does not apply: doc is missing path: "${path}"`);
        const put = () => this.put(place, path, clone(value ?? null), add);
        return within(`error in add for path: '${path}'`, put);
      }
      case 'replace':
        return path === '' ? this.replaceRoot(value) : this.replace(path, value ?? null);
      case 'remove': {
        const absent = `remove operation does not apply: doc is missing path: "${path}"`;
        const { container, token } = find(this.root, path, absent);
        return within(`error in remove for path: '${path}'`, () => remove(container, token));
      }
      case 'move':
        return this.move(operation);
      case 'copy':
        return this.copy(operation);
      case 'test':
        return this.test(path, value ?? null);
      default:
        throw new MisfitError(`Unexpected kind: ${op}`);
    }
  }

  private replace(path: string, value: unknown): void {
    const place = find(this.root, path, `replace operation does not apply: doc is missing path: ${path}`);
    const { container, token } = place;
    const isThere = !Array.isArray(container) || (/^[-+]?[0-9]{1,9}$/.test(token) && has(container, token));
    if (!isThere) throw missing(`replace operation does not apply: doc is missing key: ${path}`);
    within(`error in remove for path: '${path}'`, () => this.put(place, path, clone(value), replace));
  }

  private move({ from: source, path }: Operation): void {
    const absent = `move operation does not apply: doc is missing from path: ${source}`;
    const from = find(this.root, source, absent);
    const moved = within(`error in move for path: '${from.token}'`, () => {
      const value = valueAt(from);
      remove(from.container, from.token);
      return value;
    });
    const to = find(
      this.root,
      path,
      `move operation does not apply: doc is missing destination path: ${path}`,
    );
    within(`error in move for path: '${path}'`, () => this.put(to, path, moved, add));
  }

  private copy({ from: source, path }: Operation): void {
    const absent = `copy operation does not apply: doc is missing from path: ${source}`;
    const from = find(this.root, source, absent);
    const value = within(`error in copy for from: '${source}'`, () => valueAt(from));
    const to = find(
      this.root,
      path,
      `copy operation does not apply: doc is missing destination path: ${path}`,
    );
    const copied = this.copyOf(value);
    within('error while adding value during copy', () => this.put(to, path, copied, add));
  }

  private replaceRoot(value: unknown): void {
    if (!isContainer(value)) throw new MisfitError('neither an object nor a list');
    this.root = clone(value);
  }

  private test(path: string, expected: unknown): void {
    const absent = `test operation does not apply: is missing path: ${path}`;
    const place = path === '' ? undefined : find(this.root, path, absent);
    const actual = place ? within(`error in test for path: '${path}'`, () => valueAt(place)) : this.root;
    if (!deepEqual(actual, expected)) {
      throw new FailedTestError(`testing value ${path} failed: test failed`);
    }
  }

  private put(place: Place, path: string, value: unknown, how: typeof add): void {
    // What is put into what was put there before could become deeper than any stack.
    const depth = path.split('/').length - 1;
    if (!withinDepth(value, Math.max(0, maxDepth - depth))) throw badRequest('exceeded max depth');
    how(place.container, place.token, value);
  }

  private copyOf(value: unknown): unknown {
    const text = printJson(value);
    this.copied += text.length;
    if (this.copied > maxCopyBytes) throw new MisfitError('copies too much');
    return parseJson(text);
  }
}

const operationFields = new Set(['op', 'from', 'path', 'value']);

/** The paths of fields of a patch's operations that mean nothing. */
export function unknownOperationFields(patch: unknown): string[] {
  const operations = Array.isArray(patch) ? patch : [];
  return operations.flatMap((operation, i) =>
    Object.keys(isContainer(operation) ? operation : {})
      .filter((key) => !operationFields.has(key))
      .map((key) => `[${i}].${key}`),
  );
}

/** Why a patch is none, in the words of Go's strict reading; undefined if it is one. */
export function operationTypeError(patch: unknown): string | undefined {
  const cannot = (value: unknown, target: string) =>
    `json: cannot unmarshal ${jsonTypeName(value)} into Go ${target}`;
  if (patch === null) return undefined;
  if (!Array.isArray(patch)) return cannot(patch, 'value of type []handlers.jsonPatchOp');
  for (const operation of patch) {
    if (operation === null) continue;
    if (!isContainer(operation) || Array.isArray(operation)) {
      return cannot(operation, 'value of type handlers.jsonPatchOp');
    }
    for (const key of ['op', 'path', 'from']) {
      const value = Object.hasOwn(operation, key) ? operation[key] : null;
      if (value === null || typeof value === 'string') continue;
      return cannot(value, `struct field jsonPatchOp.${key} of type string`);
    }
  }
  return undefined;
}

function checkOperations(patch: unknown): (Operation | null)[] {
  const cannot = (value: unknown, type: string) =>
    badRequest(`json: cannot unmarshal ${jsonTypeName(value)} into Go value of type jsonpatch.${type}`);
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw cannot(patch, 'Patch');
  for (const operation of patch) {
    if (operation !== null && (!isContainer(operation) || Array.isArray(operation)))
      throw cannot(operation, 'Operation');
  }
  if (patch.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`);
  }
  if (!withinDepth(patch)) throw badRequest('exceeded max depth');
  return patch as (Operation | null)[];
}

/**
 * The object with the patch applied; the object given stays as it is. Throws a StatusError: 400 for what is no patch,
 * 413 for one too long, 422 for one that does not fit.
 */
export function applyJsonPatch(object: unknown, patch: unknown): unknown {
  try {
    return patched(object, patch);
  } catch (error) {
    if (error instanceof MisfitError) throw patchDoesNotApply();
    throw error;
  }
}

/** The same, which throws a MisfitError for what does not fit. */
export function patched(object: unknown, patch: unknown): unknown {
  const operations = checkOperations(patch);
  const root = clone(object);
  if (!isContainer(root)) throw new MisfitError('neither an object nor a list');
  const patcher = new Patcher(root);
  for (const operation of operations) {
    if (!operation) throw new MisfitError('no operation');
    patcher.apply(operation);
  }
  return patcher.root;
}
