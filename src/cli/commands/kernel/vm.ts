/** `k2 kernel vm`: kernels to boot in an emulator, beside the running one. */
import type { Command } from 'commander';
import { say, sayJson } from '../../output.ts';

export function vmCommand(group: Command): void {
  const vm = group
    .command('vm')
    .description('kernels that are booted in qemu when --kernels names them; nothing is downloaded');
  vm.command('add <path>')
    .description(
      'add a kernel: a Debian package, a folder with a vmlinuz, or the image; copied to .k2/kernels',
    )
    .option('--name <name>', 'what --kernels calls it; default: major.minor of its release')
    .option('--json', 'as JSON')
    .action(add);
  vm.command('list').description('the kernels that were added').option('--json', 'as JSON').action(list);
}

async function add(path: string, o: { name?: string; json?: boolean }): Promise<void> {
  const { addImage } = await import('../../../kernel/vm/images.ts');
  const image = addImage(path, o.name);
  if (o.json === true) sayJson(image);
  else say(`${image.name}: Linux ${image.release}, from ${image.source}`);
}

async function list(o: { json?: boolean }): Promise<void> {
  const { kernelImages } = await import('../../../kernel/vm/images.ts');
  const { noEmulator } = await import('../../../kernel/vm/emulator.ts');
  const images = kernelImages();
  const missing = noEmulator();
  if (o.json === true) {
    sayJson({ kernels: images, ...(missing === undefined ? {} : { unusable: missing }) });
    return;
  }
  for (const i of images) say(`${i.name}: ${i.version}`);
  if (images.length === 0) say('no kernels were added: k2 kernel vm add DIR-or-deb');
  if (missing !== undefined) say(`they cannot be booted: ${missing}`);
}
