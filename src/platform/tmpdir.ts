export { tmpdir } from 'node:os';
