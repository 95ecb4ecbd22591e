import { existsSync, statSync } from 'node:fs';
import { systemClock } from '../../platform/clock.ts';
import { TestDevicePlugin, type TestDevicePluginOptions } from './test-device-plugin.ts';

/**
 * A plugin with devices as a program of its own, for nodes in namespaces: its options as JSON, ended by SIGTERM. It makes itself known
 * to each kubelet that comes, as plugins do. Containers see `GPUS` and each device as `/dev/gpu-<id>`, which is `/dev/zero`.
 */
const options = JSON.parse(process.argv[2] as string) as Pick<
  TestDevicePluginOptions,
  'dir' | 'resource' | 'devices'
>;
const kubelet = `${options.dir}/kubelet.sock`;
let plugin: TestDevicePlugin | undefined;
process.once('SIGTERM', () => {
  plugin?.stop();
  process.exit(0);
});

async function begin(): Promise<void> {
  plugin?.stop();
  plugin = await TestDevicePlugin.start({
    ...options,
    response: (ids) => ({
      envs: { GPUS: ids.join(' ') },
      devices: ids.map((id) => ({
        hostPath: '/dev/zero',
        containerPath: `/dev/gpu-${id}`,
        permissions: 'rw',
      })),
    }),
  });
  await plugin.register();
}

process.stdout.write('ready\n');
for (let known = 0; ; await systemClock.sleep(50)) {
  const inode = existsSync(kubelet) ? statSync(kubelet).ino : known;
  if (inode === known) continue;
  // The kubelet may have gone again already.
  await begin().then(
    () => {
      known = inode;
    },
    () => {},
  );
}
