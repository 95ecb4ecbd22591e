import { expect, test } from 'vitest';
import { defaultPullPolicy, imageTag } from './image-name.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['nginx', 'latest'],
  ['nginx:latest', 'latest'],
  ['nginx:1.27', '1.27'],
  ['registry.example.com:5000/a/b', 'latest'],
  ['registry.example.com:5000/a/b:v1', 'v1'],
  [`nginx@${digest}`, ''],
  [`nginx:1@${digest}`, '1'],
  ['Nginx', ''],
  ['', ''],
])('the tag of %s is "%s"', (image, tag) => {
  expect(imageTag(image)).toBe(tag);
});

test('only an image whose tag is latest is always pulled', () => {
  expect(defaultPullPolicy('busybox')).toBe('Always');
  expect(defaultPullPolicy('busybox:1')).toBe('IfNotPresent');
  expect(defaultPullPolicy(undefined)).toBe('IfNotPresent');
});
