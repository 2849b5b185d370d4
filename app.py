"""Start the app: `python app.py`. Hugging Face Spaces runs this file, too."""

import os
import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # without a traceback, too, while the next lines are loaded

from resnet_demo import cores, stopping

if __name__ == "__main__":
    stopping.prepare()
    cores.prepare()  # before torch is imported, by the next line

    from resnet_demo.ui import launch

    launch(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
