# Two commands are enough: `make run` and `make test`. Everything is set up by itself, in .venv and var/.
PYTHON := .venv/bin/python
SETUP := sh campaigns_project/runtime/bootstrap.sh
# Images of containers like to switch bytecode off; every process that is started below would pay for it.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test demo lint stop-db torture torture-delete fuzz bench-send bench-connection bench-produce bench-delete bench-import bench-verify bench-leads bench-page bench-opens bench-sweep bench-enroll schema-manifest

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start everything (web, worker, local mailbox) and print the addresses; Ctrl-C stops it
	@$(SETUP)
	@$(PYTHON) -m campaigns_project.runtime.run

demo: ## send a whole campaign through a real worker into the local mailbox; CSV=file takes your own leads
	@$(SETUP)
	@$(PYTHON) manage.py demo $(if $(CSV),"$(CSV)",)

lint: ## the static checks: style, format, types, import rules, migrations
	@$(SETUP) --dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check

# Three processes on two cores: tests wait for workers, mail servers and Postgres a good part of the time.
test: lint ## everything CI runs: the static checks, then all tests
	$(PYTHON) -m pytest -n 3 --dist worksteal

bench-send: ## a campaign from end to end, beside smtp-source and an ORM loop; then the two below
	@$(SETUP)
	@$(PYTHON) -m bench.send --memory

bench-connection: ## one connection to a server that answers after 5 ms, beside smtplib
	@$(SETUP)
	@$(PYTHON) -m bench.one_connection

bench-produce: ## making one mail, beside Django's EmailMultiAlternatives
	@$(SETUP)
	@$(PYTHON) -m bench.produce

bench-verify: ## verify_schema's look at the rows of 1,000,000 recipients and 3,000,000 events: seconds and memory
	@$(SETUP)
	@$(PYTHON) -m bench.verify

bench-page: ## figures of a campaign of 1,000,000 people and 3,000,000 events, beside counting them each time
	@$(SETUP)
	@$(PYTHON) -m bench.campaign_page

bench-opens: ## opens noted durably by two server processes, beside a constant picture and the ORM; needs wrk
	@$(SETUP)
	@$(PYTHON) -m bench.opens

bench-sweep: ## taking whoever must leave out of 1,000,000 active recipients, beside a loop row by row; takes minutes
	@$(SETUP)
	@$(PYTHON) -m bench.sweep

bench-enroll: ## 1,000,000 leads into a running campaign: seconds, memory, and what others wait for; takes minutes
	@$(SETUP)
	@$(PYTHON) -m bench.enroll

bench-import: ## a CSV of 1,000,000 people through raw, staged and lead, beside bulk_create into leads; takes minutes
	@$(SETUP)
	@$(PYTHON) -m bench.import_leads

bench-leads: ## lists, searches, filters and counts at 1,000,000 leads: milliseconds in the database and the plan
	@$(SETUP)
	@$(PYTHON) -m bench.leads

bench-delete: ## a campaign of a million people deleted while others write, beside Django's cascade in Python; takes minutes
	@$(SETUP)
	@$(PYTHON) -m bench.delete

torture: ## kill workers by the hundred in mid-send, restart Postgres, count at the mail server; OPTIONS="--kills 300 --seed 7"
	@$(SETUP) --dev
	@$(PYTHON) -m campaigns.tests.torture $(OPTIONS)
	@$(PYTHON) -m campaigns.tests.torture.deletion

torture-delete: ## its second half alone: campaigns by every path, deleted under fire, killed in the middle; OPTIONS="--kills 500"
	@$(SETUP) --dev
	@$(PYTHON) -m campaigns.tests.torture.deletion $(OPTIONS)

fuzz: ## the tests with made-up input alone, with sixty times as much of it
	@$(SETUP) --dev
	@$(PYTHON) -m pytest -n 2 -m hypothesis --hypothesis-profile=long --timeout 1800

schema-manifest: ## write down what the migrations make, for verify_schema; after every new migration
	@$(SETUP)
	@$(PYTHON) -m campaigns_project.verification.manifest

stop-db: ## stop the embedded Postgres, which goes on when the rest has ended
	@$(SETUP)
	@$(PYTHON) -m campaigns_project.database.embedded stop
