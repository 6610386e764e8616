import { conformance } from '@ma-net/testing';
import { cpu } from './adapter.ts';

conformance(cpu);
