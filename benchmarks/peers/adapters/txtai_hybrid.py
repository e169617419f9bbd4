"""txtai: Embeddings(hybrid=True), which joins its vectors with its BM25; whole documents, as it comes."""

from txtai import Embeddings


class Adapter:
    def __init__(self, model: str, folder: str) -> None:
        self.model, self.folder = model, folder

    def create(self) -> None:
        self.index = Embeddings(path=self.model, hybrid=True)

    def open(self) -> None:
        self.index = Embeddings()
        self.index.load(self.folder)

    def ingest(self, documents: list[tuple[str, str, str]]) -> int:
        self.index.index((source, f"{title}\n{text}".strip()) for source, title, text in documents)
        self.index.save(self.folder)
        return self.index.count()

    def search(self, query: str, k: int) -> list[str]:
        return [source for source, _ in self.index.search(query, k)]
