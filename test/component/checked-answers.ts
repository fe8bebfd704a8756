/** Requests of tests to the ops port. */
import supertest from 'supertest';

export const request = (origin: string) => supertest(origin);
