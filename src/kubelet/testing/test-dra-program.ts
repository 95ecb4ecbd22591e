import { appendFileSync } from 'node:fs';
import { TestDraDriver, type TestDraDriverOptions } from './test-dra-driver.ts';

/** A driver of devices as a program of its own, for nodes in namespaces: its options as JSON, ended by SIGTERM. Its calls stand in `calls` of its folder. */
const options = JSON.parse(process.argv[2] as string) as TestDraDriverOptions;
const onAsked = (call: string) => appendFileSync(`${options.dir}/calls`, `${call}\n`);
const driver = await TestDraDriver.start({ ...options, onAsked });
process.once('SIGTERM', () => {
  driver.stop();
  process.exit(0);
});
process.stdout.write('ready\n');
