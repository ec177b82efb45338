// A run that was killed writes nothing any more, so the page finds out by itself how old it is.
const told = document.querySelector("[data-written]");
const age = Date.now() / 1000 - Number(told.dataset.written);
if (age > Number(told.dataset.patience)) {
  told.textContent = told.dataset.silent;
}
