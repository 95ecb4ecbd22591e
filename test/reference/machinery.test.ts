import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type * as machinery from '../../src/machinery/public.ts';
import { fixtureNames, fixtureOf, referenceTest } from './reference.ts';

/** What users import: the built file that package.json names. */
const entry = createRequire(import.meta.url).resolve('k8ts/machinery');
const built: typeof machinery = await import(pathToFileURL(entry).href);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('k8ts/machinery as it is built', () => {
  referenceTest('each fixture is written as its bytes, and read back from them', () => {
    const names = fixtureNames();
    const exact = names.filter((name) => {
      const { json, protobuf } = fixtureOf(name);
      expect.soft(hex(built.encodeProtobuf(json)), `${name} written`).toBe(hex(protobuf));
      expect.soft(built.decodeProtobuf(protobuf), `${name} read`).toEqual(json);
      return hex(built.encodeProtobuf(built.decodeProtobuf(protobuf))) === hex(protobuf);
    });
    console.log(`fixtures ${exact.length}/${names.length}`);
    expect(exact).toEqual(names);
    expect(names.length).toBeGreaterThan(40);
  });

  test('what is no protobuf of the API is a BadRequest', () => {
    const refused = (bytes: Uint8Array) =>
      expect(() => built.decodeProtobuf(bytes)).toThrow(built.StatusError);
    refused(new Uint8Array());
    refused(Buffer.from('k8s\0'));
    refused(Buffer.from('{"kind":"Pod"}'));
    const pod = built.encodeProtobuf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } });
    const afterMessage = '\x1a\0"\0'.length;
    for (let cut = 1; cut < 30; cut++) refused(pod.subarray(0, pod.length - afterMessage - cut));
    expect(() => built.encodeProtobuf({ apiVersion: 'example.com/v1', kind: 'Widget' })).toThrow(
      'Widget has no protobuf form',
    );
    expect(() => built.encodeProtobuf({ kind: 'Pod' })).toThrow(built.StatusError);
  });

  test('lists, statuses and options of deletions are kinds like others', () => {
    for (const object of [
      { apiVersion: 'v1', kind: 'ConfigMapList', metadata: {}, items: [{ metadata: { name: 'a' } }] },
      { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', reason: 'Gone', code: 410 },
      { apiVersion: 'apps/v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, dryRun: ['All'] },
    ]) {
      expect(built.decodeProtobuf(built.encodeProtobuf(object))).toEqual(object);
    }
  });

  test('quantities and label selectors', () => {
    expect(built.formatQuantity(built.addQuantities('1Gi', '512Mi'))).toBe('1536Mi');
    expect(built.compareQuantities('1000m', '1')).toBe(0);
    const selector = built.parseLabelSelector('tier in (a, b), !legacy');
    expect(built.matchesLabels(selector, { tier: 'a' })).toBe(true);
    expect(built.matchesLabels(selector, { tier: 'a', legacy: '' })).toBe(false);
    expect(built.formatLabelSelector(selector)).toBe('!legacy,tier in (a,b)');
  });
});
