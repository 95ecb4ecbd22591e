import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LinkRewriter, throughProxy } from './link-rewriter.ts';

const origin = { prefix: '/p/proxy', backendHost: '10.0.0.1:80', clientHost: 'api:6443' };
const rewritten = (page: string) => {
  const rewriter = new LinkRewriter((link) => throughProxy(link, origin));
  return rewriter.push(page) + rewriter.end();
};

test.each([
  ['/', '/p/proxy/'],
  ['/a/b?x=1#y', '/p/proxy/a/b?x=1#y'],
  ['/p/proxy/a', '/p/proxy/a'],
  ['a/b', 'a/b'],
  ['../a', '../a'],
  ['', ''],
  ['#top', '#top'],
  ['mailto:/x', '/p/proxy/x'],
  ['http://10.0.0.1:80/a', '/p/proxy/a'],
  ['https://api:6443/a', 'https://api:6443/p/proxy/a'],
  ['https://elsewhere/a', 'https://elsewhere/a'],
  ['//elsewhere/a', '//elsewhere/a'],
])('the link %j leads to %j', (link, expected) => {
  expect(throughProxy(link, origin)).toBe(expected);
});

describe('a page', () => {
  test.each([
    ['<a href="/x">/x</a>', '<a href="/p/proxy/x">/x</a>'],
    [
      "<A class=big HREF = '/x' title='href=\"/y\"'>",
      "<A class=big HREF = '/p/proxy/x' title='href=\"/y\"'>",
    ],
    ['<img src=/x usemap="#m" alt="a > b">', '<img src=/p/proxy/x usemap="#m" alt="a > b">'],
    ['<p href="/x">', '<p href="/x">'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/p/proxy/y">'],
    [
      '<script src="/s.js">let a = \'<a href="/x">\'; 1 < 2</script><a href="/y">',
      '<script src="/p/proxy/s.js">let a = \'<a href="/x">\'; 1 < 2</script><a href="/p/proxy/y">',
    ],
    ['<!DOCTYPE html><form action="/x"/>1 < 2 <b', '<!DOCTYPE html><form action="/p/proxy/x"/>1 < 2 <b'],
  ])('%j', (page, expected) => {
    expect(rewritten(page)).toBe(expected);
  });

  test('is the same however it was cut on the way', () => {
    const words = fc.constantFrom(
      '<a href="/x">',
      '<script>',
      '</script>',
      '<!--',
      '-->',
      'text',
      '<',
      '>',
      '"',
      '<img src=/y>',
      '</',
      'SCRIPT>',
    );
    fc.assert(
      fc.property(fc.array(words), fc.nat(20), (parts, step) => {
        const page = parts.join('');
        const rewriter = new LinkRewriter((link) => throughProxy(link, origin));
        let out = '';
        for (let at = 0; at < page.length; at += step + 1)
          out += rewriter.push(page.slice(at, at + step + 1));
        expect(out + rewriter.end()).toBe(rewritten(page));
      }),
    );
  });

  test('of long names or many scripts takes no longer than another', () => {
    const long = `<a ${'x'.repeat(60_000)} href="/a">`;
    expect(rewritten(long.repeat(5))).toBe(long.replace('"/a"', '"/p/proxy/a"').repeat(5));
    const scripts = '<script>"</a"</SCRIPT ><a href=/a>'.repeat(20_000);
    expect(rewritten(scripts)).toBe(scripts.replaceAll('=/a', '=/p/proxy/a'));
  });

  test('with a tag that does not end is not kept whole', () => {
    const rewriter = new LinkRewriter((link) => link);
    const sent = rewriter.push(`<a ${'x'.repeat(100_000)}`);
    expect(sent.length).toBeGreaterThan(60_000);
  });
});
