'use strict';
// The smallest Backstage that serves its catalog API.
const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
backend.add(import('@backstage/plugin-catalog-backend'));
backend.start().catch(error => {
  console.error(error);
  process.exit(1);
});
