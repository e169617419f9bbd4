"""Haystack: its embedders over sentence-transformers, DocumentSplitter (200 words), InMemoryDocumentStore."""

from pathlib import Path

from haystack import Document
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)


class Adapter:
    def __init__(self, model: str, folder: str) -> None:
        self.model, self.folder = model, Path(folder)

    def create(self) -> None:
        self.embedder = SentenceTransformersDocumentEmbedder(model=self.model, progress_bar=False)
        self.embedder.warm_up()

    def open(self) -> None:
        self.embedder = SentenceTransformersTextEmbedder(model=self.model, progress_bar=False)
        self.embedder.warm_up()
        self.retriever = InMemoryEmbeddingRetriever(InMemoryDocumentStore.load_from_disk(str(self.folder / "store")))

    def ingest(self, documents: list[tuple[str, str, str]]) -> int:
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        given = [
            Document(content=f"{title}\n{text}".strip(), meta={"source": source}) for source, title, text in documents
        ]
        splitter = DocumentSplitter()
        splitter.warm_up()
        store.write_documents(self.embedder.run(splitter.run(given)["documents"])["documents"])
        self.folder.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(self.folder / "store"))
        return store.count_documents()

    def search(self, query: str, k: int) -> list[str]:
        vector = self.embedder.run(query)["embedding"]
        return [found.meta["source"] for found in self.retriever.run(vector, top_k=k)["documents"]]
