// Shows /health on the start page and asks again every two seconds while the page is looked at.
"use strict";
const byId = (id) => document.getElementById(id);

function span(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

function show(health, ready) {
  byId("state").textContent = ready ? "ready" : "not ready";
  byId("state").className = `state ${ready ? "good" : "bad"}`;
  byId("version").textContent = health.version;
  byId("uptime").textContent = span(health.uptimeSeconds);
  if (health.journal) {
    byId("position").textContent = health.journal.position.toLocaleString();
    byId("lag").textContent = health.journal.lag.toLocaleString();
  }
  byId("parts").replaceChildren(...health.components.map((part) => {
    const row = document.createElement("tr");
    const cells = [part.name, part.ready ? "ready" : "not ready", part.detail ?? ""];
    cells.forEach((text) => row.insertCell().textContent = text);
    row.cells[1].className = part.ready ? "good" : "bad";
    return row;
  }));
}

async function ask() {
  if (document.hidden) return;
  try {
    const response = await fetch("/health");
    show(await response.json(), response.ok);
  } catch {
    byId("state").textContent = "not reachable";
    byId("state").className = "state bad";
  }
}

ask();
setInterval(ask, 2000);
