"""Connections and who may use them."""

import logging
import os
import json

from sqlalchemy import Column, ForeignKey, String, create_engine
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

LOGGER = logging.getLogger(__name__)
Base = declarative_base()


class ConnectionConfig(Base):
    __tablename__ = "connection_configs"
    name = Column(String, primary_key=True)
    url = Column(String, nullable=False)
    oauth_scopes = Column(String, nullable=True)


class OAuthState(Base):
    __tablename__ = "connection_oauth_states"
    state = Column(String, primary_key=True)
    connection_name = Column(String, ForeignKey("connection_configs.name"), nullable=False)


class Store:
    def __init__(self, url):
        self.engine = create_engine(url)
        self.create_all()
        self.session = scoped_session(sessionmaker(bind=self.engine))

    def create_all(self):
        Base.metadata.create_all(self.engine)
