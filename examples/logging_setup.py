"""Logging: to a file, by two environment variables; they count when pyroplug.api is imported.

In a shell it would be

    $ PYRO_LOGFILE=pyro.log PYRO_LOGLEVEL=DEBUG python program.py

Prints:

    the file has lines of pyroplug.daemon: True
    and this program's own: True
    every message on the wire, if that is wanted: True
"""

import logging
import os
import tempfile
from pathlib import Path
from threading import Thread


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pyro.log")
        os.environ["PYRO_LOGFILE"] = str(file)
        os.environ["PYRO_LOGLEVEL"] = "DEBUG"
        from pyroplug.api import Daemon, Proxy, config, expose

        class Bell:
            @expose
            def ring(self) -> None:
                logging.getLogger("tower").info("ding dong")

        config.LOGWIRE = True  # mind who reads the log: arguments and results are in it
        with Daemon() as daemon:
            uri = daemon.register(Bell())
            Thread(target=daemon.requestLoop).start()
            with Proxy(uri) as bell:
                bell.ring()

        text = file.read_text()
        logging.shutdown()  # close the file, as it is about to be removed
        print("the file has lines of pyroplug.daemon:", "pyroplug.daemon" in text)
        print("and this program's own:", "ding dong" in text)
        print("every message on the wire, if that is wanted:", "INVOKE" in text)


if __name__ == "__main__":
    main()
