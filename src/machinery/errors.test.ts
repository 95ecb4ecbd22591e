import { describe, expect, test } from 'vitest';
import {
  duplicate,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
  tooMany,
} from './field-error.ts';
import { goJson, goQuote } from './go-text.ts';
import {
  applyConflict,
  conflict,
  forbidden,
  generateNameConflict,
  notFound,
  serverTimeout,
  StatusError,
  timeout,
  tooLarge,
} from './status-error.ts';

const pods = { group: '', resource: 'pods', name: 'a' };
const deployments = { group: 'apps', resource: 'deployments', name: 'a' };

describe('status errors', () => {
  test('say what upstream says', () => {
    expect(notFound(pods).message).toBe('pods "a" not found');
    expect(conflict(deployments, 'why').message).toBe(
      'Operation cannot be fulfilled on deployments.apps "a": why',
    );
    expect(forbidden(deployments, 'no').message).toBe('deployments.apps "a" is forbidden: no');
    expect(forbidden({ group: '', resource: 'pods' }, 'no').message).toBe('pods is forbidden: no');
    expect(forbidden({ group: '', resource: '', name: 'x' }, 'no').message).toBe('forbidden: no');
    expect(tooLarge('limit is 3145728').message).toBe('Request entity too large: limit is 3145728');
    expect(timeout('x', 0).message).toBe('Timeout: x');
    expect(serverTimeout(pods, 'get', 1).status).toMatchObject({
      message: 'The get operation against pods could not be completed at this time, please try again.',
      reason: 'ServerTimeout',
      code: 500,
      details: { name: 'get', kind: 'pods', retryAfterSeconds: 1 },
    });
    expect(generateNameConflict(pods, 1).message).toBe(
      'pods "a" already exists, the server was not able to generate a unique name for the object',
    );
    expect(applyConflict([], 'm').code).toBe(409);
  });

  test('details leave out what is empty', () => {
    expect(notFound(pods).status.details).toEqual({ name: 'a', kind: 'pods' });
  });

  test('a Status from the wire becomes the same error', () => {
    const original = notFound(pods);
    expect(StatusError.from(original.status).status).toEqual(original.status);
  });
});

describe('field errors', () => {
  test('bodies', () => {
    expect(required('a', 'why').body).toBe('Required value: why');
    expect(invalid('a', 'x"y', 'why').body).toBe('Invalid value: "x\\"y": why');
    expect(invalid('a', { b: '<' }, '').body).toBe('Invalid value: {"b":"\\u003c"}');
    expect(notSupported('a', 'x', ['p', 'q']).body).toBe(
      'Unsupported value: "x": supported values: "p", "q"',
    );
    expect(tooLong('a', 1).body).toBe('Too long: may not be more than 1 byte');
    expect(tooLong('a', -1).body).toBe('Too long: value is too long');
    expect(tooMany('a', 3, 2).body).toBe('Too many: 3: must have at most 2 items');
    expect(duplicate('a', 7).body).toBe('Duplicate value: 7');
  });

  test('several become one list, each said once', () => {
    const errors = [required('a'), required('a'), required('b')];
    const error = invalidObject({ group: 'apps', kind: 'Deployment' }, 'x', errors);
    expect(error.message).toBe('Deployment.apps "x" is invalid: [a: Required value, b: Required value]');
    expect(error.status.details?.causes?.length).toBe(3);
    expect(invalidObject({ group: '', kind: 'Pod' }, '', [required('a')]).message).toBe(
      'Pod "" is invalid: a: Required value',
    );
  });
});

test('Go’s quoting', () => {
  expect(goQuote('a\n"\\\u0001ä\u007f\u200b')).toBe('"a\\n\\"\\\\\\x01ä\\x7f\\u200b"');
  expect(goJson({ a: '&' })).toBe('{"a":"\\u0026"}');
  expect(goJson(undefined)).toBe('null');
});
