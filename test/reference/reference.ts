import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';

/** Facts of Kubernetes v1.36; they stand beside the checkout, not in it. */
const dir = process.env.K8TS_REFERENCE ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'reference');

/** A property of a definition, without its description. */
export type ReferenceSchema = Record<string, unknown>;

/** One operation of a path. */
export interface ReferenceOperation {
  operationId: string;
  action?: string;
  gvk?: { group: string; version: string; kind: string };
  codes: string[];
  consumes?: string[];
  produces?: string[];
}

export interface ReferenceFiles {
  'openapi-definitions.json': { definitions: Record<string, ReferenceSchema> };
  'openapi-paths.json': { paths: Record<string, Record<string, ReferenceOperation>> };
  'protobuf-fields.json': {
    messages: Record<string, Record<string, { n: number; type: string; repeated?: boolean }>>;
  };
}

/** Reads one file of the reference. */
export function reference<Name extends keyof ReferenceFiles>(name: Name): ReferenceFiles[Name] {
  return JSON.parse(readFileSync(join(dir, name), 'utf8'));
}

/** The kinds of which there is a fully filled object, such as `apps.v1.Deployment`. */
export function fixtureNames(): string[] {
  const files = readdirSync(join(dir, 'fixtures')).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.slice(0, -'.json'.length));
}

/** A fully filled object of a kind as upstream writes it, in JSON and in protobuf. */
export function fixtureOf(name: string): { json: object; protobuf: Uint8Array } {
  const read = (extension: string) => readFileSync(join(dir, 'fixtures', `${name}.${extension}`));
  return { json: JSON.parse(read('json').toString()), protobuf: read('pb') };
}

/** Reads a file of the reference that is prose. */
export function referenceText(name: 'conformance.md'): string {
  return readFileSync(join(dir, name), 'utf8');
}

const missing = existsSync(dir) ? '' : ` (skipped: no reference at ${dir}; set K8TS_REFERENCE)`;

/** A test that needs the reference; skipped, with the reason in its name, where it is absent. */
export function referenceTest(name: string, run: () => void): void {
  test.skipIf(missing !== '')(name + missing, run);
}
