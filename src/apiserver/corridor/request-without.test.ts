import { expect, test } from 'vitest';
import type { HttpRequest } from '../../platform/http.ts';
import { ownHeaders } from '../auth/request-header.ts';
import { RequestWithout } from './request-without.ts';

const usual = { user: ['X-Remote-User'], uid: [], group: ['x-remote-group'], extra: ['X-Remote-Extra-'] };

test('what proxies say in headers of other names is not passed on, however it is written', () => {
  const isOwn = ownHeaders({ ...usual, user: ['X-User', 'X-Remote-User'], extra: ['X-More-'] });
  const request = {
    method: 'GET',
    headers: { 'x-user': 'jane', accept: 'a', 'x-more-seat': '1', 'x-moreover': 'b' },
    rawHeaders: ['X-USER', 'jane', 'Accept', 'a', 'x-More-Seat', '1', 'X-Moreover', 'b'],
  } as unknown as HttpRequest;
  const shown = new RequestWithout(request, isOwn ?? (() => false));
  expect(shown).toMatchObject({ method: 'GET', headers: { accept: 'a', 'x-moreover': 'b' } });
  expect(shown.headers).not.toHaveProperty('x-user');
  expect(shown.headers).not.toHaveProperty('x-more-seat');
  expect(shown.rawHeaders).toEqual(['Accept', 'a', 'X-Moreover', 'b']);
});

test('the usual ones are nobody else to look after', () => {
  expect(ownHeaders(usual)).toBeUndefined();
  expect(ownHeaders(undefined)).toBeUndefined();
});
