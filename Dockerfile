# The image of Fairlead: web, worker and, in the sandbox, the local mailbox in one container. See compose.yaml.
ARG PYTHON=docker.io/library/python:3.13-slim

FROM ${PYTHON} AS installed
COPY requirements.txt /tmp/
RUN python -m venv /opt/fairlead && /opt/fairlead/bin/python -m pip install --no-cache-dir -r /tmp/requirements.txt

FROM ${PYTHON}
# Keys, mails of the sandbox and exports are kept under /data: whoever may write there owns the installation.
RUN useradd --uid 1000 --create-home fairlead && install -d -o fairlead -g fairlead -m 0700 /data
COPY --from=installed /opt/fairlead /opt/fairlead
COPY . /srv/fairlead
WORKDIR /srv/fairlead
# Modules are compiled here once, and not by each process of a container, which may not write to this folder.
RUN /opt/fairlead/bin/python -m compileall -q /srv/fairlead
ENV PATH=/opt/fairlead/bin:$PATH VAR_DIR=/data WEB_HOST=0.0.0.0 WEB_PORT=8000 PYTHONUNBUFFERED=1
USER fairlead
VOLUME /data
EXPOSE 8000
# SIGTERM lets mails that are at a mail server come to their end, which takes up to 30 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "campaigns_project/runtime/healthcheck.py"]
CMD ["python", "-m", "campaigns_project.runtime.run"]
