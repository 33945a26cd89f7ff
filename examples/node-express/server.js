// SPDX-License-Identifier: BSD-2-Clause
// An Express application that uses what servers use: JSON, static files,
// outgoing requests, worker threads, crypto, files, timers; it ends cleanly
// on SIGTERM.
'use strict';
const crypto = require('crypto');
const express = require('express');
const fs = require('fs').promises;
const http = require('http');
const os = require('os');
const path = require('path');
const { Worker } = require('worker_threads');

const app = express();
const notes = new Map();
let next = 1;

app.use(express.json());
app.use(express.static(path.join(__dirname, 'public')));

app.post('/notes', (req, res) => {
  if (typeof req.body.text !== 'string') {
    return res.status(400).json({ error: 'text is missing' });
  }
  const note = { id: next++, text: req.body.text };
  notes.set(note.id, note);
  res.status(201).json(note);
});

app.get('/notes', (req, res) => res.json([...notes.values()]));

app.get('/notes/:id', (req, res) => {
  const note = notes.get(Number(req.params.id));
  if (!note) return res.status(404).json({ error: 'no such note' });
  res.json(note);
});

app.get('/hash', (req, res) => {
  crypto.pbkdf2('hull', 'salt', 1000, 16, 'sha256', (err, key) => {
    const digest = crypto.createHash('sha256').update('hull').digest('hex');
    res.json({ digest, key: key.toString('hex'),
               random: crypto.randomBytes(8).length });
  });
});

app.get('/fetch', (req, res, next) => {
  http.get(req.query.url, (answer) => answer.pipe(res)).on('error', next);
});

const job = `
  const { parentPort, workerData } = require('worker_threads');
  let a = 0, b = 1;
  for (let i = 0; i < workerData; i++) [a, b] = [b, a + b];
  parentPort.postMessage(a);
`;

app.get('/worker/:n', (req, res, next) => {
  const worker = new Worker(job, { eval: true,
                                   workerData: Number(req.params.n) });
  worker.once('message', (sum) => res.json({ sum }));
  worker.once('error', next);
});

app.get('/file', async (req, res) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'notes-'));
  const file = path.join(dir, 'a');
  await fs.writeFile(file, 'one\n');
  await fs.appendFile(file, 'two\n');
  const text = await fs.readFile(file, 'utf8');
  const list = await fs.readdir(dir);
  const { size } = await fs.stat(file);
  await fs.rm(dir, { recursive: true });
  res.json({ text, list, size });
});

app.get('/timer', (req, res) => {
  const begun = process.hrtime.bigint();
  setTimeout(() => {
    const ms = Number(process.hrtime.bigint() - begun) / 1e6;
    res.json({ early: ms < 49, late: ms > 5000 });
  }, 50);
});

app.get('/os', (req, res) => {
  res.json({ cpus: os.cpus().length, platform: os.platform(),
             memory: os.totalmem() > 128e6, uptime: os.uptime() > 0 });
});

const server = app.listen(3000, () => console.log('listening on 3000'));
const ticker = setInterval(() => {}, 1000);

process.on('SIGTERM', () => {
  clearInterval(ticker);
  server.close(() => console.log('closed'));
  server.closeAllConnections();
});
