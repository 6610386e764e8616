// A short list of rules we mean. Typed rules find forgotten awaits and missing cases; the selectors below
// are the house rules that a reviewer would otherwise have to remember (CONTRIBUTING.md explains them).

import tseslint from 'typescript-eslint';

const noReadBack = {
  selector: 'CallExpression[callee.property.name=/^(dataSync|arraySync|bytesSync|readSync)$/]',
  message: 'A synchronous read-back stalls the device: await tensor.data() at the end of the step.',
};
const noUnseeded = {
  selector: 'MemberExpression[object.name="Math"][property.name="random"]',
  message: 'Random numbers come from a seeded Rng, so that a run can be repeated and resumed.',
};
const noTfRandom = {
  selector:
    'CallExpression[callee.object.name="tf"][callee.property.name=/^(rand|random\\w*|truncatedNormal|multinomial|dropout)$/]',
  message: 'tfjs draws from a generator of its own, whose state cannot be saved: draw from an Rng.',
};
const noWallClock = {
  selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
  message: 'Measure with performance.now(); a seed is an argument, never the time.',
};
const backendModule = '/^(@ma-net\\/backend-|@tensorflow\\/tfjs-(backend-|node)|onnxruntime-|webgpu$)/';
const noBackends = [
  {
    selector: `:matches(ImportDeclaration, ImportExpression, ExportNamedDeclaration)[source.value=${backendModule}]`,
    message: 'Only adapters, apps and tools know a backend by name; everything else takes what was started.',
  },
  {
    selector: 'CallExpression[callee.property.name="getBackend"]',
    message: 'Do not branch on the name of the backend: ask the adapter for what you need.',
  },
];
const noStarExport = {
  selector: 'ExportAllDeclaration',
  message: 'Entry points are written by hand: name what you export.',
};
const onlyOurErrors = {
  selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError|AssertionError)$/]',
  message: 'Throw a MaNetError: what was wrong, found and expected, where, and what to do next.',
};
/** Where `side` of a comparison is what a recipe chose, or is called. */
const chosen = (side) =>
  [
    `[${side}.name=/^(method|task|use)$/]`,
    `[${side}.property.name=/^(method|task|use)$/]`,
    `[${side}.property.name="name"]:matches([${side}.object.name="data"], [${side}.object.property.name="data"])`,
  ].join(', ');
const noNames = [
  `BinaryExpression[operator=/^[!=]==?$/][right.raw=/^['"]/]:matches(${chosen('left')})`,
  `BinaryExpression[operator=/^[!=]==?$/][left.raw=/^['"]/]:matches(${chosen('right')})`,
  `SwitchStatement:matches(${chosen('discriminant')})`,
].map((selector) => ({
  selector,
  message: 'Nobody but a part knows methods, tasks and data by name: let the part answer for itself.',
}));
const always = [noUnseeded, noStarExport];
const everywhere = [...always, ...noNames];
const restrict = (...rules) => ['error', ...rules.flat()];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/generated/**',
      'apps/studio/site/**',
      '**/fixtures/**',
      'docs/.vitepress/**',
      'tools/repo/snippets/**',
      'runs/**',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['./tsconfig.check.json', './apps/studio/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': restrict(everywhere),
      'no-self-compare': 'error',
      'no-unreachable-loop': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['apps/*/src/**/*.{ts,tsx}'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-syntax': restrict(everywhere, noReadBack, noTfRandom) },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', 'packages/testing/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: ['assert', 'node:assert'], patterns: ['node:assert/*'] }],
      'no-restricted-syntax': restrict(
        everywhere,
        noReadBack,
        noTfRandom,
        noWallClock,
        noBackends,
        onlyOurErrors,
      ),
    },
  },
  {
    // Graphs are recorded, and ONNX is written, by the engine that compiles to it.
    files: [
      'packages/backend-*/src/**/*.ts',
      'packages/export/src/onnx{,-bytes}.ts',
      'packages/export/src/graph-model/*.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': restrict(everywhere, noReadBack, noTfRandom, noWallClock, onlyOurErrors),
    },
  },
  {
    // An interpolation is a method, too.
    files: ['packages/*/src/parts.ts', 'packages/core/src/ops/*.ts'],
    rules: {
      'no-restricted-syntax': restrict(
        always,
        noReadBack,
        noTfRandom,
        noWallClock,
        noBackends,
        onlyOurErrors,
      ),
    },
  },
);
