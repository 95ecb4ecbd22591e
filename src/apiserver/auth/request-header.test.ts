import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../platform/http.ts';
import { remoteUserHeaders, requestHeaderAuthenticator } from './request-header.ts';

const proxy = {
  trusted: false,
  isProxy: true,
  commonName: 'front-proxy-client',
  organizations: [],
  sha256: '',
  untilMs: 1000,
};
const authenticator = requestHeaderAuthenticator(['front-proxy-client'], { now: () => 1000 });
const request = (rawHeaders: string[], peer: HttpRequest['peer'] | null = proxy) =>
  ({ rawHeaders, peer: peer ?? undefined }) as unknown as HttpRequest;
const jane = ['X-Remote-User', 'jane', 'X-Remote-Group', 'dev', 'x-remote-group', 'ops'];

describe('a proxy speaks for its users', () => {
  test('name, uid, groups and extra values come in headers', () => {
    const headers = [
      ...jane,
      'X-Remote-Uid',
      '7',
      'X-Remote-Extra-Acme.com%2fProject',
      'a',
      'X-Remote-Extra-acme.com%2Fproject',
      'b',
    ];
    expect(authenticator.authenticate(request(headers))).toEqual({
      name: 'jane',
      uid: '7',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'acme.com/project': ['a', 'b'] },
    });
  });

  test('nobody else does', () => {
    expect(authenticator.authenticate(request(jane, null))).toBeUndefined();
    expect(
      authenticator.authenticate(request(jane, { ...proxy, isProxy: false, trusted: true })),
    ).toBeUndefined();
    const stranger = request(jane, { ...proxy, commonName: 'kubelet' });
    expect(() => authenticator.authenticate(stranger)).toThrow('Unauthorized');
    const late = request(jane, { ...proxy, untilMs: 999 });
    expect(() => authenticator.authenticate(late)).toThrow('Unauthorized');
    expect(requestHeaderAuthenticator([], { now: () => 1000 }).authenticate(stranger)).toMatchObject({
      name: 'jane',
    });
    expect(authenticator.authenticate(request(['X-Remote-User', '', 'X-Remote-Group', 'a']))).toBeUndefined();
  });

  test('what is sent is read back, whatever the names are made of', () => {
    const user = {
      name: 'Zoë',
      uid: 'u',
      groups: ['a b', 'система', 'system:authenticated'],
      extra: { 'example.com/größe%': ['1', '2'] },
    };
    const headers = Object.entries(remoteUserHeaders(user)).flatMap(([name, values]) =>
      values.flatMap((value) => [name, value]),
    );
    expect(authenticator.authenticate(request(headers))).toEqual(user);
    expect(headers).toContain('X-Remote-Extra-example.com%2Fgr%C3%B6%C3%9Fe%25');
  });

  test('a name cannot smuggle in headers', () => {
    expect(() => remoteUserHeaders({ name: 'a\r\nX-Remote-Group: system:masters', groups: [] })).toThrow(
      'cannot be passed on',
    );
  });
});
