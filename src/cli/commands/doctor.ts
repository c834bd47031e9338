/** `k2 doctor`: what this machine can do. */
import type { Command } from 'commander';
import { say, sayJson } from '../output.ts';

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('show what this machine can do: kernel, corpora, solver')
    .option('--json', 'as JSON')
    .action(async (o: { json?: boolean }) => {
      const { probeKernel } = await import('../../kernel/syscall/doctor.ts');
      const { gatherProvenance, optimizerCode } = await import('../../experiment/results/provenance.ts');
      const { corpusNames, loadEntry, openCorpus } = await import('../../experiment/corpus/corpus.ts');
      const kernel = probeKernel();
      const corpora = corpusNames().map((name) => {
        const corpus = openCorpus(name);
        const { programs, baseline } = corpus.manifest;
        const there = programs.filter((p) => loadEntry(corpus, p, baseline).status === 'ok').length;
        return { name, programs: programs.length, there };
      });
      const provenance = gatherProvenance(optimizerCode());
      if (o.json === true) {
        sayJson({ ...provenance, bpf: kernel, corpora });
        return;
      }
      say(
        `k2-bpf ${provenance.code}${provenance.commit === null ? '' : `, commit ${provenance.commit.slice(0, 12)}`}`,
      );
      say(`node ${provenance.node}, ${provenance.cpu}, ${provenance.kernel}, ${provenance.solver}`);
      if (kernel.available) {
        const { isa, syscallPrograms, mayGoto } = kernel.features;
        say(`bpf(2): works on Linux ${kernel.release}, ${kernel.cpus} CPUs, instructions up to v${isa}`);
        say(`  syscall programs ${syscallPrograms ? 'yes' : 'no'}, may_goto ${mayGoto ? 'yes' : 'no'}`);
      } else {
        say(`bpf(2): not usable: ${kernel.reason}`);
        say('  Outputs are still proven; only the check by a running kernel is missing.');
      }
      for (const c of corpora) say(`corpus ${c.name}: ${c.there} of ${c.programs} programs are there`);
    });
}
