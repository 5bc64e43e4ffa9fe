const request = require('supertest');
const server = require('./server').listen(3999);
test('answers', () => request('http://localhost:3999').get('/health').expect(200));
