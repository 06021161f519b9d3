"""A Python program's process: what people run from a picture to boxes, when it is told to.

    python program.py LIBRARY --path FOLDER --photo FILE --threads N

LIBRARY is transformers or pytyto.transformers. On standard output, lines of JSON: first how long the import and
opening took, then an answer to each line of standard input: "example" runs the reference's example of detection,
"pipeline N" the zero-shot pipeline with N labels, "memory" tells the most that was held at once.
"""

import argparse
import importlib
import sys
import time

from serve import answering, memory_mb

QUERIES = [["a photo of a cat", "a photo of a dog"]]


class Program:
    def __init__(self, options):
        began = time.perf_counter()
        self.library = importlib.import_module(options.library)
        model_class = self.library.Owlv2ForObjectDetection
        self.import_s = time.perf_counter() - began
        import torch
        from PIL import Image

        torch.set_num_threads(options.threads)
        more = {"threads": options.threads} if options.library.startswith("pytyto") else {}
        began = time.perf_counter()
        self.processor = self.library.Owlv2Processor.from_pretrained(options.path)
        self.model = model_class.from_pretrained(options.path, **more).eval()
        self.opened_s = time.perf_counter() - began
        self.torch = torch
        self.photo = Image.open(options.photo).convert("RGB")
        self.pipeline = None

    def example(self):
        inputs = self.processor(text=QUERIES, images=self.photo, return_tensors="pt")
        with self.torch.no_grad():
            outputs = self.model(**inputs)
        sizes = self.torch.tensor([self.photo.size[::-1]])
        process = getattr(self.processor, "post_process_object_detection", None)
        process = process or self.processor.post_process_grounded_object_detection
        return len(process(outputs=outputs, threshold=0.1, target_sizes=sizes)[0]["scores"])

    def zero_shot(self, labels):
        if self.pipeline is None:
            self.pipeline = self.library.pipeline(
                "zero-shot-object-detection", model=self.model, tokenizer=self.processor.tokenizer,
                image_processor=self.processor.image_processor)
        return len(self.pipeline(self.photo, candidate_labels=[f"thing {i}" for i in range(labels)], threshold=0.1))


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("library")
    options.add_argument("--path", required=True)
    options.add_argument("--photo", required=True)
    options.add_argument("--threads", type=int, required=True)
    chosen = options.parse_args()

    def work(answer):
        program = Program(chosen)
        answer({"import_s": program.import_s, "opened_s": program.opened_s})
        for line in sys.stdin:
            word, _, count = line.strip().partition(" ")
            if word == "memory":
                answer({"peak_rss_mb": memory_mb("VmHWM:")})
                continue
            began = time.perf_counter()
            found = program.example() if word == "example" else program.zero_shot(int(count))
            answer({"seconds": time.perf_counter() - began, "found": found})

    answering(work)


if __name__ == "__main__":
    main()
