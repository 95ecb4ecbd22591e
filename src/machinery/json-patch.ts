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

/** A patch that is well formed but does not fit the object: the client hears no more than upstream tells. */
class MisfitError extends Error {}

/** The answer to a patch that cannot be applied to this object. */
export function patchDoesNotApply(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError(422, 'Invalid', message, {});
}

/** As upstream, what stands before the first slash does not count. */
function parsePointer(path: unknown): string[] {
  if (typeof path !== 'string' || !path.includes('/')) throw new MisfitError(`bad path ${String(path)}`);
  const [, ...tokens] = path.split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parseIndex(token: string, length: number): number {
  if (!/^[-+]?[0-9]{1,9}$/.test(token)) throw new MisfitError(`bad index ${token}`);
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
  const index = token === '-' ? container.length : parseIndex(token, container.length + 1);
  if (index < 0 || index > container.length) throw new MisfitError(`index ${token} is out of range`);
  container.splice(index, 0, value);
}

function remove(container: Container, token: string): void {
  if (!has(container, token)) throw new MisfitError(`no ${token} to remove`);
  if (Array.isArray(container)) container.splice(parseIndex(token, container.length), 1);
  else delete container[token];
}

function replace(container: Container, token: string, value: unknown): void {
  if (!Array.isArray(container)) return setOwn(container, token, value);
  if (!has(container, token)) throw new MisfitError(`no ${token} to replace`);
  container[parseIndex(token, container.length)] = value;
}

interface Place {
  container: Container;
  token: string;
}

function find(root: Container, pointer: unknown): Place {
  const tokens = parsePointer(pointer);
  const token = tokens.pop() as string;
  let container: unknown = root;
  for (const step of tokens) {
    container = isContainer(container) ? get(container, step) : undefined;
  }
  if (!isContainer(container)) throw new MisfitError(`nothing at ${String(pointer)}`);
  return { container, token };
}

/** Null for a key that an object does not have. */
function valueAt({ container, token }: Place): unknown {
  if (Array.isArray(container) && !has(container, token)) throw new MisfitError(`no ${token}`);
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
      case 'add':
        return this.put(path, clone(value ?? null), add);
      case 'replace':
        if (path === '') return this.replaceRoot(value);
        return this.put(path, clone(value ?? null), replace);
      case 'remove': {
        const place = find(this.root, path);
        return remove(place.container, place.token);
      }
      case 'move': {
        const from = find(this.root, operation.from);
        const moved = valueAt(from);
        remove(from.container, from.token);
        return this.put(path, moved, add);
      }
      case 'copy':
        return this.put(path, this.copyOf(valueAt(find(this.root, operation.from))), add);
      case 'test':
        return this.test(path, value ?? null);
      default:
        throw new MisfitError(`unexpected kind ${op}`);
    }
  }

  private replaceRoot(value: unknown): void {
    if (!isContainer(value)) throw new MisfitError('neither an object nor a list');
    this.root = clone(value);
  }

  private test(path: string, expected: unknown): void {
    const actual = path === '' ? this.root : valueAt(find(this.root, path));
    if (!deepEqual(actual, expected)) throw new MisfitError(`${path} is another`);
  }

  private put(path: string, value: unknown, how: typeof add): void {
    const place = find(this.root, path);
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
  const operations = checkOperations(patch);
  const root = clone(object);
  if (!isContainer(root)) throw patchDoesNotApply();
  const patcher = new Patcher(root);
  try {
    for (const operation of operations) {
      if (!operation) throw new MisfitError('no operation');
      patcher.apply(operation);
    }
  } catch (error) {
    if (error instanceof MisfitError) throw patchDoesNotApply();
    throw error;
  }
  return patcher.root;
}
