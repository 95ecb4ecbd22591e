import { type TestCsiDriverOptions, TestCsiDriver } from './test-csi-driver.ts';

/** A CSI driver as a program of its own, for nodes in namespaces: its options as JSON, ended by SIGTERM. */
const options = JSON.parse(process.argv[2] as string) as TestCsiDriverOptions;
const driver = await TestCsiDriver.start(options);
process.once('SIGTERM', () => {
  driver.stop();
  process.exit(0);
});
process.stdout.write('ready\n');
