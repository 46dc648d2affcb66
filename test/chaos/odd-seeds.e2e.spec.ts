import { chaosOf } from './chaos-seeds.ts';

chaosOf([1, 3, 5, 7, 9]);
