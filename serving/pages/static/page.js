"use strict";

const input = document.querySelector("#photos");
if (input) {
  const drop = document.querySelector(".drop");
  const chosen = document.querySelector("#chosen");
  const button = document.querySelector("button");
  const words = button.textContent;

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

  const list = () => {
    chosen.replaceChildren(
      ...Array.from(input.files, (file) => {
        const row = document.createElement("li");
        const size = document.createElement("span");
        size.textContent = megabytes(file.size);
        row.append(file.name, size);
        return row;
      }),
    );
  };

  const over = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover");
  };

  drop.addEventListener("dragover", over);
  drop.addEventListener("dragleave", over);
  drop.addEventListener("drop", (event) => {
    over(event);
    input.files = event.dataTransfer.files;
    list();
  });
  input.addEventListener("change", list);
  input.form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = "Examining…";
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = words;
    list();
  });
}
