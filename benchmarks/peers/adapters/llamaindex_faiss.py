"""LlamaIndex: HuggingFaceEmbedding, its default SentenceSplitter, FaissVectorStore."""

import faiss
from llama_index.core import Document, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.faiss import FaissVectorStore

DIM = 384


class Adapter:
    def __init__(self, model: str, folder: str) -> None:
        self.model, self.folder = model, folder

    def create(self) -> None:
        self.embedding = HuggingFaceEmbedding(model_name=self.model)

    def open(self) -> None:
        self.create()
        store = FaissVectorStore.from_persist_dir(self.folder)
        storage = StorageContext.from_defaults(vector_store=store, persist_dir=self.folder)
        self.index = load_index_from_storage(storage, embed_model=self.embedding)

    def ingest(self, documents: list[tuple[str, str, str]]) -> int:
        given = [Document(text=f"{title}\n{text}".strip(), id_=source) for source, title, text in documents]
        storage = StorageContext.from_defaults(vector_store=FaissVectorStore(faiss.IndexFlatL2(DIM)))
        index = VectorStoreIndex.from_documents(given, storage_context=storage, embed_model=self.embedding)
        index.storage_context.persist(self.folder)
        return len(index.docstore.docs)

    def search(self, query: str, k: int) -> list[str]:
        return [found.node.ref_doc_id for found in self.index.as_retriever(similarity_top_k=k).retrieve(query)]
