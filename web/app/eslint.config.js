import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

const layer = (files, group, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] }
});

export default defineConfig(
  { ignores: ['dist/', 'src/lib/core/generated/', '*.config.js'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked, // floating and misused promises, no any
  svelte.configs.recommended,
  prettier,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] }
    },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'svelte/button-has-type': 'error',
      'svelte/no-at-html-tags': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }]
    }
  },
  {
    // one table of sentences for each language
    files: ['src/lib/text/*.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off', 'max-lines': 'off' }
  },
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    // plain JavaScript, which Node and the browser run as it is
    files: ['tests/go/**'],
    ...ts.configs.disableTypeChecked,
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { projectService: false }
    },
    rules: {
      ...ts.configs.disableTypeChecked.rules,
      '@typescript-eslint/explicit-module-boundary-types': 'off'
    }
  },
  layer(['src/lib/ui/**'], ['**/core/**', '**/state/**'], 'ui takes props and callbacks only'),
  layer(['src/lib/state/**'], ['**/ui/**', '**/routes/**'], 'state does not know the screen'),
  layer(['src/lib/core/**'], ['**/ui/**', '**/state/**', '**/routes/**'], 'core knows only the worker')
);
