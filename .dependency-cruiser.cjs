/**
 * The floors of src/, from the ground up: a folder imports only from itself and from floors before it in this list.
 * Rooms (the folders inside a floor) form no circles, types included.
 */
const FLOORS = [
  'base',
  'isa',
  'program',
  'analysis',
  'vm',
  'solver',
  'verify',
  'search',
  'kernel',
  'optimizer',
  'traffic',
  'experiment',
  'report',
  'api',
  'cli',
];

const floors = FLOORS.slice(0, -1).map((floor, i) => ({
  name: `floor-${floor}`,
  comment: `src/${floor}/ imports only from the floors before it: ${FLOORS.slice(0, i).join(', ') || 'none'}.`,
  severity: 'error',
  from: { path: `^src/${floor}/` },
  to: { path: `^src/(${FLOORS.slice(i + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...floors,
    {
      name: 'no-circles',
      comment: 'No file imports itself by way of others, not even for types.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circles-of-rooms',
      comment: 'No room imports itself by way of other rooms.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/[^/]+/.+' },
      to: { circular: true },
    },
    {
      name: 'not-to-test',
      comment: 'The product does not import its tests or benches.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'declared',
      comment: 'What is imported is in dependencies of package.json.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined', 'unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] },
  },
};
